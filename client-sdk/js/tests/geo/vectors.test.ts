import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';

import {cellOf, cover, isCell, neighbourOf} from '../../src/geo/index.ts';

function rowsOf(name: string): string[][] {
	const url = new URL(`../../../../tests/data/${name}`, import.meta.url);
	const [, ...lines] = readFileSync(url, 'utf8').trimEnd().split('\n');
	return lines.map((line) => line.split(','));
}

describe('the vectors that every port shares', () => {
	it('give the same geohash as PostGIS for every point', () => {
		const rows = rowsOf('geohash_vectors.csv');
		expect(rows.length).toBeGreaterThan(5_000);
		for (const [lat, lon, letters, hash] of rows) {
			const text = cellOf({lat: Number(lat), lon: Number(lon)}, Number(letters));
			expect(text, `${lat},${lon},${letters}`).toBe(hash);
			expect(isCell(text)).toBe(true);
		}
	});

	it('give the same covers as the server', () => {
		const rows = rowsOf('covers.csv');
		expect(rows.length).toBeGreaterThan(200);
		for (const [lat, lon, radius_m, cells] of rows) {
			const circle = {lat: Number(lat), lon: Number(lon), radius_m: Number(radius_m)};
			const found = cover(circle)?.join(' ') ?? '';
			expect(found, `${lat},${lon},${radius_m}`).toBe(cells);
		}
	});

	it('give the same neighbours, and none beyond a pole', () => {
		const rows = rowsOf('geohash_neighbors.csv');
		expect(rows.length).toBeGreaterThan(800);
		const directions = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]];
		for (const [hash, ...expected] of rows) {
			const found = directions.map(([north, east]) => neighbourOf(hash!, north!, east!) ?? '');
			expect(found, hash).toEqual(expected.slice(0, 8));
		}
	});
});

it('what is no place has no geohash', () => {
	const places = [{lat: 91, lon: 0}, {lat: 0, lon: 181}, {lat: NaN, lon: 0}, {lat: 0, lon: -Infinity}];
	for (const place of places) expect(() => cellOf(place, 7)).toThrow(RangeError);
	expect(() => cellOf({lat: 0, lon: 0}, 13)).toThrow(RangeError);
	expect(isCell('9q8yyk8a')).toBe(false);
});
