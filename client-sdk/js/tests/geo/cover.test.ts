import {expect, it} from 'vitest';

import {
	areaOfTopic,
	boundsOf,
	cellOf,
	cellOfTopic,
	cover,
	distance_m,
	earthRadius_m,
	geoFilter,
	headFilter,
	minDistance_m,
	snap,
	type Circle,
	type Point,
} from '../../src/geo/index.ts';
import {chooseSeed, Random} from '../random/random.ts';

function anyCircle(random: Random): Circle {
	const lat = random.chance(0.1) ? random.between(84, 90) : random.between(-75, 75);
	const lon = random.chance(0.1) ? random.between(179.9, 180) : random.between(-180, 180);
	return {lat, lon, radius_m: 10 ** random.between(0, 4.7)};
}

/** A point of the circle; often near its edge, where mistakes are. */
function inside(random: Random, circle: Circle): Point {
	const part = random.chance(0.5) ? random.between(0.99, 1) : Math.sqrt(random.next());
	const angle = (circle.radius_m * part) / earthRadius_m;
	const bearing = random.between(0, 2 * Math.PI);
	const from = (circle.lat * Math.PI) / 180;
	const lat = Math.asin(
		Math.sin(from) * Math.cos(angle) + Math.cos(from) * Math.sin(angle) * Math.cos(bearing),
	);
	const turned = Math.atan2(
		Math.sin(bearing) * Math.sin(angle) * Math.cos(from),
		Math.cos(angle) - Math.sin(from) * Math.sin(lat),
	);
	const lon = circle.lon + (turned * 180) / Math.PI;
	return {lat: (lat * 180) / Math.PI, lon: ((((lon + 180) % 360) + 360) % 360) - 180};
}

it('a cover contains every point of its circle, within its limits', () => {
	const random = new Random(chooseSeed());
	let covered = 0;
	for (let round = 0; round < 300; round++) {
		const circle = anyCircle(random);
		const cells = cover(circle);
		if (!cells) continue;
		covered++;
		expect(cells.length).toBeLessThanOrEqual(32);
		expect(cells).toEqual([...new Set(cells)].sort());
		for (const cell of cells) {
			expect(cell.length >= 4 && cell.length <= 7, cell).toBe(true);
			expect(minDistance_m(circle, boundsOf(cell))).toBeLessThanOrEqual(circle.radius_m + 0.002);
			expect(cells.some((other) => other !== cell && cell.startsWith(other))).toBe(false);
		}
		for (let count = 0; count < 50; count++) {
			const point = inside(random, circle);
			if (distance_m(circle, point) > circle.radius_m) continue;
			const leaf = cellOf(point, 12);
			const isCovered = cells.some((cell) => leaf.startsWith(cell));
			expect(isCovered, JSON.stringify({circle, point})).toBe(true);
		}
	}
	expect(covered).toBeGreaterThan(150);
});

it('a cover says when it cannot be had', () => {
	expect(cover({lat: 90, lon: 0, radius_m: 8_000})).toBeUndefined();
	expect(cover({lat: 89.9, lon: 12, radius_m: 20_000})).toBeUndefined();
	expect(cover({lat: 0, lon: 0, radius_m: 1_000}, {cellsMax: 3})).toBeUndefined();
	expect(() => cover({lat: 0, lon: 0, radius_m: -1})).toThrow(RangeError);
});

it('a circle over the antimeridian has cells on both sides', () => {
	const cells = cover({lat: -17, lon: 180, radius_m: 5_000})!;
	for (const lon of [179.99, -179.99, 180, -180]) {
		const leaf = cellOf({lat: -17, lon});
		expect(cells.some((cell) => leaf.startsWith(cell))).toBe(true);
	}
});

it('a circle of no size is the one smallest cell around it', () => {
	const here = snap({lat: 37.7793, lon: -122.4193});
	expect(cover({...here, radius_m: 0})).toEqual([cellOf(here)]);
});

it('distances agree with known ones, also across the antimeridian', () => {
	expect(distance_m({lat: 0, lon: 179.5}, {lat: 0, lon: -179.5})).toBeCloseTo(111_195.08, 1);
	expect(distance_m({lat: 0, lon: 0}, {lat: 0, lon: 1})).toBeCloseTo(111_195.08, 1);
	expect(distance_m({lat: 89.9, lon: 0}, {lat: 89.9, lon: 180})).toBeCloseTo(22_239.02, 1);
	expect(distance_m({lat: 90, lon: 0}, {lat: -90, lon: 77})).toBeCloseTo(Math.PI * earthRadius_m, 3);
});

it('filters and topics speak of the same cells', () => {
	expect(geoFilter('9q8y')).toBe('earshot/v1/geo/9q8/y/#');
	expect(geoFilter('9q8yyk9')).toBe('earshot/v1/geo/9q8/y/y/k/9');
	expect(headFilter('9q8y')).toBe('earshot/v1/head/9q8/y/#');
	expect(headFilter('9q8yyk9')).toBe('earshot/v1/head/9q8/y/y');
	expect(cellOfTopic('earshot/v1/geo/9q8/y/y/k/9')).toBe('9q8yyk9');
	expect(cellOfTopic('earshot/v1/geo/9q8/yy/k/9')).toBeUndefined();
	expect(areaOfTopic('earshot/v1/head/9q8/y/y')).toBe('9q8yy');
	expect(areaOfTopic('earshot/v1/geo/9q8/y/y/k/9')).toBeUndefined();
});
