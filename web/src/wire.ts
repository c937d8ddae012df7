/**
 * What the server sends, checked field by field: nothing from outside is trusted to have a shape.
 */

export type Kind = 'stars' | 'places';

/** A question as the server tells it. Pushed ones lack what depends on who reads. */
export interface Question {
	readonly id: string;
	readonly text: string;
	readonly kind: Kind;
	readonly state: string;
	readonly lat: number;
	readonly lon: number;
	readonly author_name: string;
	readonly mine: boolean | undefined;
	readonly answers: number;
	readonly stars_mean: number | undefined;
	readonly created_at: string;
	readonly version: number;
}

/** Some questions of an area, newest first. */
export interface Listing {
	readonly questions: readonly Question[];
	/** Up to where it is exact, for the feed. */
	readonly position: string;
	/** Where older ones continue. */
	readonly next: string | undefined;
}

/** The answer had not the shape that the contract promises. */
class WireError extends Error {
	override readonly name = 'WireError';
}

type Fields = Readonly<Record<string, unknown>>;

export function parseQuestion(value: unknown): Question {
	const fields = fieldsOf(value, 'question');
	const kind = text(fields, 'kind');
	if (kind !== 'stars' && kind !== 'places') throw new WireError(`unknown kind ${kind}`);
	return {
		id: text(fields, 'id'),
		text: text(fields, 'text'),
		kind,
		state: optionalText(fields, 'state') ?? 'open',
		lat: number(fields, 'lat'),
		lon: number(fields, 'lon'),
		author_name: optionalText(fields, 'author_name') ?? '',
		mine: typeof fields['mine'] === 'boolean' ? fields['mine'] : undefined,
		answers: optionalNumber(fields, 'answers') ?? 0,
		stars_mean: optionalNumber(fields, 'stars_mean'),
		created_at: text(fields, 'created_at'),
		version: optionalNumber(fields, 'version') ?? 0,
	};
}

/** Undefined for what is no question: one bad event stops nothing. */
export function questionIn(value: unknown): Question | undefined {
	try {
		return parseQuestion(value);
	} catch {
		return undefined;
	}
}

export function parseListing(value: unknown): Listing {
	const fields = fieldsOf(value, 'questions');
	return {
		questions: list(fields, 'questions').map(parseQuestion),
		position: text(fields, 'position'),
		next: optionalText(fields, 'next'),
	};
}

export function isFields(value: unknown): value is Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function optionalText(fields: Fields, name: string): string | undefined {
	const value = fields[name];
	return typeof value === 'string' ? value : undefined;
}

function optionalNumber(fields: Fields, name: string): number | undefined {
	const value = fields[name];
	return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function fieldsOf(value: unknown, what: string): Fields {
	if (!isFields(value)) throw new WireError(`${what} is no object`);
	return value;
}

function text(fields: Fields, name: string): string {
	const value = optionalText(fields, name);
	if (value === undefined) throw new WireError(`${name} is no text`);
	return value;
}

function number(fields: Fields, name: string): number {
	const value = optionalNumber(fields, name);
	if (value === undefined) throw new WireError(`${name} is no number`);
	return value;
}

function list(fields: Fields, name: string): readonly unknown[] {
	const value = fields[name];
	if (!Array.isArray(value)) throw new WireError(`${name} is no list`);
	return value;
}
