import {describe, expect, it} from 'vitest';

import {areaFromQuery, coarse, nameOfPlace, parseLatLon, queryOfArea} from '../src/place';
import {ago, away} from '../src/wording';

describe('a place in the address', () => {
	it('is read back as it was written', () => {
		const area = {lat: -33.86882, lon: 151.20929, radius_m: 2_000};
		expect(areaFromQuery(queryOfArea(area))).toEqual(area);
	});

	it.each(['', '?lat=91&lon=0', '?lat=&lon=', '?lat=1e400&lon=0', '?lat=NaN&lon=1'])(
		'is San Francisco for %j',
		(query) => expect(areaFromQuery(query)).toMatchObject({lat: 37.7793, lon: -122.4193}),
	);

	it.each(['0', '-1', '50001', '1.5', 'x', ''])('has the default radius for %j', (radius_m) => {
		expect(areaFromQuery(`?lat=1&lon=2&radius_m=${radius_m}`).radius_m).toBe(8_000);
	});
});

describe('a typed place', () => {
	it.each([
		['52.52, 13.405', {lat: 52.52, lon: 13.405}],
		[' -0.0 180 ', {lat: 0, lon: 180}],
		['-90;-180', {lat: -90, lon: -180}],
	])('%j is understood', (text, place) => expect(parseLatLon(text)).toEqual(place));

	it.each(['Berlin', '52', '91, 0', '0, 180.1', '1, 2, 3', '52,520 13,405'])(
		'%j is not',
		(text) => expect(parseLatLon(text)).toBeUndefined(),
	);

	it('has a readable name', () => {
		expect(nameOfPlace({lat: -33.8688, lon: 151.2093})).toBe('33.869° S, 151.209° E');
	});
});

describe('a measured place', () => {
	it('is made coarse before anybody sees it', () => {
		expect(coarse({lat: 52.5200066, lon: -0.0000412})).toEqual({lat: 52.52, lon: 0});
	});
});

describe('a distance', () => {
	it.each([
		[0, 'right here'],
		[199, 'right here'],
		[340, '300 m away'],
		[950, '1 km away'],
		[7_949, '7.9 km away'],
		[24_600, '25 km away'],
	])('of %i m is told as %j', (metres, words) => expect(away(metres)).toBe(words));
});

describe('a time', () => {
	it.each([
		[-5, 'just now'],
		[44, 'just now'],
		[60, '1 min. ago'],
		[3_600, '1 hr. ago'],
		[86_400, 'yesterday'],
	])('%i s back is told as %j', (seconds, words) => {
		expect(ago(1_000_000, 1_000_000 + seconds * 1_000)).toBe(words);
	});
});
