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

/** A place in the history of one database: offsets of another epoch mean nothing. */
export interface Position {
	readonly epoch: string;
	readonly offset: number;
}

export interface Snapshot {
	readonly questions: readonly Question[];
	readonly position: Position;
	readonly next: string | undefined;
}

export interface Cover {
	/** Empty where live updates cannot be had by topic; then the list is fetched again and again. */
	readonly filters: readonly string[];
}

export interface Broker {
	readonly urls: readonly string[];
	readonly client_id: string;
	readonly username: string;
	readonly password: string;
}

export interface Envelope {
	readonly type: string;
	readonly epoch: string;
	readonly offset: number;
	readonly prev: number;
	readonly question: Question | undefined;
}

export interface Job {
	readonly id: string;
	readonly state: string;
	readonly result: unknown;
	readonly problem: {readonly title: string; readonly detail: string} | undefined;
}

export interface Guest {
	readonly token: string;
	readonly expires_at: string;
}

/** The answer had not the shape that the contract promises. */
export class WireError extends Error {
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

export function parseSnapshot(value: unknown): Snapshot {
	const fields = fieldsOf(value, 'questions');
	return {
		questions: list(fields, 'questions').map(parseQuestion),
		position: parsePosition(text(fields, 'position')),
		next: optionalText(fields, 'next'),
	};
}

export function parsePosition(value: string): Position {
	const colon = value.lastIndexOf(':');
	const offset = Number(value.slice(colon + 1));
	if (colon < 1 || !Number.isSafeInteger(offset)) throw new WireError(`no position: ${value}`);
	return {epoch: value.slice(0, colon), offset};
}

/**
 * Undefined for what is no envelope: a topic may carry anything, and one bad message stops
 * nothing.
 */
export function parseEnvelope(payload: string): Envelope | undefined {
	try {
		const fields = fieldsOf(JSON.parse(payload), 'envelope');
		const type = text(fields, 'type');
		return {
			type,
			epoch: text(fields, 'epoch'),
			offset: number(fields, 'offset'),
			prev: optionalNumber(fields, 'prev') ?? 0,
			question: type === 'question.asked' ? parseQuestion(fields['data']) : undefined,
		};
	} catch {
		return undefined;
	}
}

export function parseCover(value: unknown): Cover {
	const fields = fieldsOf(value, 'cover');
	const isPoll = fields['poll'] === true;
	return {filters: isPoll ? [] : list(fields, 'filters').map((filter) => String(filter))};
}

export function parseBroker(value: unknown): Broker {
	const fields = fieldsOf(value, 'broker');
	return {
		urls: list(fields, 'urls').map((url) => String(url)),
		client_id: text(fields, 'client_id'),
		username: text(fields, 'username'),
		password: text(fields, 'password'),
	};
}

export function parseJob(value: unknown): Job {
	const fields = fieldsOf(value, 'job');
	const problem = isFields(fields['problem']) ? fields['problem'] : undefined;
	return {
		id: text(fields, 'id'),
		state: text(fields, 'state'),
		result: fields['result'] ?? undefined,
		problem: problem && {
			title: optionalText(problem, 'title') ?? 'The question was refused',
			detail: optionalText(problem, 'detail') ?? '',
		},
	};
}

export function parseGuest(value: unknown): Guest {
	const fields = fieldsOf(value, 'guest');
	return {token: text(fields, 'token'), expires_at: text(fields, 'expires_at')};
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
