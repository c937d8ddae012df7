import {alphabet} from './cell.ts';
import {minDistance_m} from './distance.ts';
import {checkPoint, type Box, type Circle} from './point.ts';

/**
 * What a cover may consist of. The defaults are those of MQTT filters: a topic has seven letters,
 * and a filter must fix four of them.
 */
export interface CoverLimits {
	readonly cellsMax?: number; // [1, 1024], default 32
	readonly lettersMin?: number; // [1, lettersMax], default 4
	readonly lettersMax?: number; // [lettersMin, 12], default 7
}

const radiusMax_m = 10_000_000;
// Rounding errors of distances are below a micrometre, so a circle a millimetre larger contains
// every point that distance_m() puts into the circle asked for.
const slack_m = 0.001;

interface Cell {
	readonly text: string;
	readonly box: Box;
}

/** A cell of the cover, and what dividing it would mean. */
interface Candidate {
	readonly cell: Cell;
	readonly parts: readonly Cell[]; // Its children that touch the circle.
	readonly gain: number; // Area saved for each cell more; 0: nothing to gain.
}

/**
 * Cells that contain the circle: every point of it is in one of them. The same cells as the
 * server's.
 *
 * Shape:  disjoint, in order, at most `cellsMax`. Undefined when the circle cannot be had within the
 *         limits: close to the poles, where cells are narrow, and for large circles in high
 *         latitudes.
 * Limits: `radius_m` in [0, 10,000,000].
 */
export function cover(circle: Circle, limits: CoverLimits = {}): string[] | undefined {
	const {cellsMax = 32, lettersMin = 4, lettersMax = 7} = limits;
	checkPoint(circle);
	if (!(circle.radius_m >= 0 && circle.radius_m <= radiusMax_m)) {
		throw new RangeError(`no radius: ${circle.radius_m}`);
	}
	const touching = touchingTester({...circle, radius_m: circle.radius_m + slack_m});
	let cells = touching(childrenOf(world));
	for (let letters = 1; cells.length <= cellsMax; letters++) {
		if (letters === lettersMin) return refine(cells, touching, cellsMax, lettersMax);
		cells = cells.flatMap((cell) => touching(childrenOf(cell)));
	}
	// No cell has fewer parts than one, so it would never get better further down.
	return undefined;
}

type Touching = (cells: readonly Cell[]) => Cell[];

function touchingTester(circle: Circle): Touching {
	return (cells) => cells.filter(({box}) => minDistance_m(circle, box) <= circle.radius_m);
}

const world: Cell = {text: '', box: {south: -90, west: -180, north: 90, east: 180}};

/** The 32 cells with one letter more, in order. Edges are halves of halves, so they are exact. */
function childrenOf({text, box}: Cell): Cell[] {
	return Array.from(alphabet, (letter, value) => {
		let {south, west, north, east} = box;
		for (let bit = 0; bit < 5; bit++) {
			const isUpper = (value >> (4 - bit)) & 1;
			// The first bit of a geohash is a longitude's, and then they alternate.
			if ((text.length * 5 + bit) % 2 === 0) {
				if (isUpper) west = (west + east) / 2;
				else east = (west + east) / 2;
			} else if (isUpper) south = (south + north) / 2;
			else north = (south + north) / 2;
		}
		return {text: text + letter, box: {south, west, north, east}};
	});
}

/** Divides cells, the most rewarding first, as long as the parts are not too many. */
function refine(
	cells: readonly Cell[],
	touching: Touching,
	cellsMax: number,
	lettersMax: number,
): string[] {
	const open = cells.map((cell) => candidateOf(cell, touching, lettersMax));
	const done: string[] = [];
	for (;;) {
		const best = takeBest(open);
		if (!best) return done.sort();
		if (best.gain > 0 && done.length + open.length + best.parts.length <= cellsMax) {
			open.push(...best.parts.map((part) => candidateOf(part, touching, lettersMax)));
		} else {
			done.push(best.cell.text);
		}
	}
}

function candidateOf(cell: Cell, touching: Touching, lettersMax: number): Candidate {
	if (cell.text.length === lettersMax) return {cell, parts: [], gain: 0};
	const children = childrenOf(cell);
	const parts = touching(children);
	if (parts.length <= 1) return {cell, parts, gain: Infinity};
	const saved = children.length - parts.length;
	// A letter more is a 32nd of the area.
	const gain = (saved / (parts.length - 1)) * 2 ** (-5 * cell.text.length);
	return {cell, parts, gain};
}

/** At most a few dozen are open, so looking through all of them is quick enough. */
function takeBest(open: Candidate[]): Candidate | undefined {
	let best = 0;
	for (let index = 1; index < open.length; index++) {
		if (isBetter(open[index]!, open[best]!)) best = index;
	}
	return open.splice(best, 1)[0];
}

function isBetter(a: Candidate, b: Candidate): boolean {
	return a.gain !== b.gain ? a.gain > b.gain : a.cell.text < b.cell.text;
}
