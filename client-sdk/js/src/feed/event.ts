import {cellOf, centreOf, isCell, leafLetters} from '../geo/cell.ts';
import {distance_m} from '../geo/distance.ts';
import type {Circle} from '../geo/point.ts';

/** Something that happened, as the server's log has it. */
export interface EarshotEvent<Data = unknown> {
	/** `<epoch>:<offset>`; the same event always has the same one. */
	readonly id: string;
	readonly source: string;
	readonly type: string;
	readonly time: string;
	/** The id of what it is about. */
	readonly subject: string;
	readonly epoch: string;
	readonly offset: number;
	/** The offset of the event before it on the same topic; 0 if it is the first. */
	readonly prev: number;
	readonly cell: string;
	readonly data: Data;
}

/** A place in the history of one database: offsets of another epoch mean nothing. */
export interface Position {
	readonly epoch: string;
	readonly offset: number;
}

/** The newest offsets of an area of five letters. */
export interface Head {
	readonly epoch: string;
	readonly offset: number;
	/** By the sixth letter. */
	readonly cells: Readonly<Record<string, number>>;
}

/** Undefined for what is no position. */
export function parsePosition(text: unknown): Position | undefined {
	if (typeof text !== 'string') return undefined;
	const colon = text.lastIndexOf(':');
	const offset = Number(text.slice(colon + 1));
	if (colon < 1 || !isOffset(offset) || colon === text.length - 1) return undefined;
	return {epoch: text.slice(0, colon), offset};
}

export function positionText({epoch, offset}: Position): string {
	return `${epoch}:${offset}`;
}

/**
 * Undefined for what is no envelope: a topic may carry anything, and one bad message stops nothing.
 */
export function parseEvent(value: unknown): EarshotEvent | undefined {
	if (!isFields(value)) return undefined;
	const {id, source, type, time, subject, epoch, offset, prev, cell, data} = value;
	if (typeof type !== 'string' || typeof epoch !== 'string' || epoch === '') return undefined;
	if (typeof cell !== 'string' || cell.length !== leafLetters || !isCell(cell)) return undefined;
	if (!isOffset(offset) || offset === 0) return undefined;
	if (!isOffset(prev) || prev >= offset) return undefined;
	return {
		id: typeof id === 'string' ? id : `${epoch}:${offset}`,
		source: textOf(source),
		type,
		time: textOf(time),
		subject: textOf(subject),
		epoch,
		offset,
		prev,
		cell,
		data,
	};
}

export function parseHead(value: unknown): Head | undefined {
	if (!isFields(value)) return undefined;
	const {epoch, offset, cells} = value;
	if (typeof epoch !== 'string' || !isOffset(offset) || !isFields(cells)) return undefined;
	if (!Object.values(cells).every(isOffset)) return undefined;
	return {epoch, offset, cells: cells as Record<string, number>};
}

/**
 * Whether the event is inside the circle: by the place that its data names, or else by the centre of
 * its cell. A cover is about twice as large as its circle.
 */
export function isInside(circle: Circle, event: EarshotEvent): boolean {
	const {data, cell} = event;
	const {lat, lon} = isFields(data) ? data : {};
	const isNamed = typeof lat === 'number' && typeof lon === 'number' && isPlace(lat, lon);
	const place = isNamed && cellOf({lat, lon}) === cell ? {lat, lon} : centreOf(cell);
	return distance_m(circle, place) <= circle.radius_m;
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function isPlace(lat: number, lon: number): boolean {
	return Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
}

/** Offsets beyond 2^53 would be rounded, and then lie about order; there are none in practice. */
function isOffset(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}
