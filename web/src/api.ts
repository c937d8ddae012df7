import {isFields, optionalText} from './wire';

/** One field that the server refused. */
export interface FieldError {
	readonly pointer: string;
	readonly detail: string;
}

/** An answer that is not a success, or none at all (`status` 0). */
export class ApiError extends Error {
	override readonly name = 'ApiError';

	constructor(
		readonly status: number,
		readonly title: string,
		readonly detail: string = '',
		readonly fields: readonly FieldError[] = [],
		/** How long the server wants to be left alone. */
		readonly retryAfter_ms: number | undefined = undefined,
	) {
		super(detail ? `${title}: ${detail}` : title);
	}

	/** True when the same request may succeed later. */
	get isPassing(): boolean {
		return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
	}
}

export interface Call {
	readonly method?: 'GET' | 'POST';
	readonly body?: unknown;
	readonly token?: string | undefined;
	/** The same for every try of one request: the server carries it out once. */
	readonly idempotencyKey?: string | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface Answer {
	readonly body: unknown;
	readonly location: string | undefined;
	readonly retryAfter_ms: number | undefined;
}

const deadline_ms = 15_000;

/**
 * Makes one request and reads one JSON answer.
 *
 * Errors: ApiError for every answer but 2xx, and for none within 15 s; an abort by `signal` passes
 *         through.
 */
export async function callApi(path: string, call: Call = {}): Promise<Answer> {
	const headers: Record<string, string> = {accept: 'application/json'};
	if (call.token !== undefined) headers['authorization'] = `Bearer ${call.token}`;
	if (call.idempotencyKey !== undefined) headers['idempotency-key'] = call.idempotencyKey;
	if (call.body !== undefined) headers['content-type'] = 'application/json';
	const timeout = AbortSignal.timeout(deadline_ms);
	try {
		const response = await fetch(path, {
			method: call.method ?? 'GET',
			headers,
			body: call.body === undefined ? null : JSON.stringify(call.body),
			cache: 'no-store',
			credentials: 'omit',
			signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
		});
		const text = await response.text();
		if (!response.ok) throw problemOf(response, text);
		return {
			body: parsed(text),
			location: response.headers.get('location') ?? undefined,
			retryAfter_ms: retryAfterOf(response.headers),
		};
	} catch (error) {
		if (error instanceof ApiError || call.signal?.aborted) throw error;
		throw new ApiError(0, 'The server cannot be reached', 'Check your connection and try again.');
	}
}

function problemOf(response: Response, text: string): ApiError {
	const body = parsed(text);
	const problem = isFields(body) ? body : {};
	const errors = Array.isArray(problem['errors']) ? problem['errors'].filter(isFields) : [];
	return new ApiError(
		response.status,
		optionalText(problem, 'title') ?? titleOf(response.status),
		optionalText(problem, 'detail'),
		errors.map((error) => ({
			pointer: optionalText(error, 'pointer') ?? '',
			detail: optionalText(error, 'detail') ?? '',
		})),
		retryAfterOf(response.headers),
	);
}

function titleOf(status: number): string {
	if (status === 429) return 'Too many requests';
	return status >= 500 ? 'The server is busy' : `The server refused (${status})`;
}

/** Reads both forms that HTTP allows: seconds, or a date. */
function retryAfterOf(headers: Headers): number | undefined {
	const value = headers.get('retry-after')?.trim();
	if (!value) return undefined;
	const wait_ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
	return Number.isFinite(wait_ms) ? Math.max(0, wait_ms) : undefined;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
