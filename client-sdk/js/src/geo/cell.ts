import {checkPoint, type Box, type Point} from './point.ts';

export const lettersMax = 12;
export const leafLetters = 7; // A topic names a cell of this many letters.
export const alphabet = '0123456789bcdefghjkmnpqrstuvwxyz';

const axisBits = 30; // Twelve letters are 60 bits, half of them for each axis.

/**
 * One axis cut into 2^30 equal steps. A step is 45 / 2^27 degrees (latitude: 45 / 2^28), so every
 * edge is a double exactly, and no comparison with one needs an epsilon.
 */
class Axis {
	readonly #first: number;
	readonly #step: number;

	constructor(first: number) {
		this.#first = first;
		this.#step = (-2 * first) / 2 ** axisBits;
	}

	edge(index: number): number {
		return this.#first + index * this.#step;
	}

	indexOf(degrees: number): number {
		// Rounding is monotonic and edges are exact, so the quotient never falls below an edge that
		// `degrees` has reached; it may only be rounded up to one that it has not.
		let index = Math.floor((degrees - this.#first) / this.#step);
		if (degrees < this.edge(index)) index--;
		return Math.min(index, 2 ** axisBits - 1); // 90 and 180 belong to the last cell.
	}
}

const latAxis = new Axis(-90);
const lonAxis = new Axis(-180);

/**
 * The geohash of `letters` letters that `point` is in. A point on an edge is in the cell north or
 * east of it.
 */
export function cellOf(point: Point, letters: number = leafLetters): string {
	checkPoint(point);
	if (!Number.isInteger(letters) || letters < 1 || letters > lettersMax) {
		throw new RangeError(`a cell has 1 to ${lettersMax} letters, not ${letters}`);
	}
	const lat = latAxis.indexOf(point.lat);
	const lon = lonAxis.indexOf(point.lon);
	let text = '';
	for (let letter = 0; letter < letters; letter++) {
		let value = 0;
		for (let bit = letter * 5; bit < letter * 5 + 5; bit++) {
			// The first bit of a geohash is a longitude's, and then they alternate.
			const axis = bit % 2 === 0 ? lon : lat;
			value = value * 2 + ((axis >>> (axisBits - 1 - (bit >> 1))) & 1);
		}
		text += alphabet[value];
	}
	return text;
}

/** True for a geohash in lower case: 1 to 12 letters, none of a, i, l and o. */
export function isCell(text: string): boolean {
	return /^[0-9b-hjkmnp-z]{1,12}$/.test(text);
}

/** The edges, exactly: no double is rounded on the way. */
export function boundsOf(cell: string): Box {
	const {lat, lon, height, width} = stepsOf(cell);
	return {
		south: latAxis.edge(lat),
		west: lonAxis.edge(lon),
		north: latAxis.edge(lat + height),
		east: lonAxis.edge(lon + width),
	};
}

export function centreOf(cell: string): Point {
	const {south, west, north, east} = boundsOf(cell);
	return {lat: (south + north) / 2, lon: (west + east) / 2};
}

/** The centre of the cell that `point` is in: what the server stores and shows of where one is. */
export function snap(point: Point, letters: number = leafLetters): Point {
	return centreOf(cellOf(point, letters));
}

/**
 * The adjoining cell of the same length, `north` and `east` being -1, 0 or 1. East and west go
 * round the world; beyond a pole there is none.
 */
export function neighbourOf(cell: string, north: number, east: number): string | undefined {
	const {lat, lon, height, width} = stepsOf(cell);
	const size = 2 ** axisBits;
	const row = lat + north * height;
	if (row < 0 || row >= size) return undefined;
	const column = (lon + east * width + size) % size;
	return cellOf({lat: latAxis.edge(row), lon: lonAxis.edge(column)}, cell.length);
}

/** South-west corner and size of a cell, in steps. */
function stepsOf(cell: string): {lat: number; lon: number; height: number; width: number} {
	if (!isCell(cell)) throw new RangeError(`no geohash: ${cell}`);
	const at = [0, 0] as [lon: number, lat: number];
	const size = [2 ** axisBits, 2 ** axisBits] as [width: number, height: number];
	let axis: 0 | 1 = 0;
	for (const letter of cell) {
		const value = alphabet.indexOf(letter);
		for (let bit = 4; bit >= 0; bit--) {
			size[axis] /= 2;
			if ((value >> bit) & 1) at[axis] += size[axis];
			axis = axis === 0 ? 1 : 0;
		}
	}
	return {lon: at[0], lat: at[1], width: size[0], height: size[1]};
}
