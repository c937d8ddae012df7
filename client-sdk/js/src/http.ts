import {isFields, parseJson} from './feed/event.ts';
import type {TokenSource} from './token-source.ts';

export interface CallOptions {
	readonly method?: string;
	readonly body?: unknown;
	readonly headers?: Readonly<Record<string, string>>;
	readonly signal?: AbortSignal | undefined;
	/** Beyond what the server may hold the request for. */
	readonly deadline_ms?: number;
}

export interface Answer {
	readonly status: number;
	readonly body: unknown;
	readonly headers: Headers;
}

/** The server said no (RFC 9457), or nothing at all: then `status` is 0. */
export class EarshotProblem extends Error {
	override readonly name = 'EarshotProblem';
	readonly status: number;
	/** Stable, to be compared; empty when the answer did not come from Earshot. */
	readonly type: string;
	readonly retryAfter_ms: number | undefined;
	/** The whole answer: `errors` names fields. */
	readonly problem: Readonly<Record<string, unknown>>;

	constructor(status: number, problem: Readonly<Record<string, unknown>>, retryAfter_ms?: number) {
		super(String(problem['detail'] ?? problem['title'] ?? `The server answered ${status}`));
		this.status = status;
		this.type = typeof problem['type'] === 'string' ? problem['type'] : '';
		this.problem = problem;
		this.retryAfter_ms = retryAfter_ms;
	}

	/** Whether the same request may succeed later. */
	get isPassing(): boolean {
		return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
	}
}

const deadline_ms = 15_000;

/** HTTP calls with the caller's token; a token that is refused is replaced once. */
export class Http {
	readonly #url: string;
	readonly #tokens: TokenSource;
	readonly #fetch: typeof fetch;

	constructor(url: string, tokens: TokenSource, fetcher: typeof fetch) {
		this.#url = url.replace(/\/$/, '');
		this.#tokens = tokens;
		this.#fetch = fetcher;
	}

	async call(path: string, options: CallOptions = {}): Promise<Answer> {
		const token = await this.#token(() => this.#tokens.token());
		try {
			return await callOnce(this.#fetch, this.#url + path, {...options, token});
		} catch (error) {
			if (!(error instanceof EarshotProblem && error.status === 401)) throw error;
			const fresh = await this.#token(() => this.#tokens.replace(token));
			return callOnce(this.#fetch, this.#url + path, {...options, token: fresh});
		}
	}

	/** Whoever gives tokens may be away as the server may. */
	async #token(get: () => Promise<string>): Promise<string> {
		try {
			return await get();
		} catch (error) {
			if (error instanceof EarshotProblem) throw error;
			throw new EarshotProblem(0, {title: 'No token', detail: String(error)});
		}
	}
}

/** One request. Answers of 400 and above, and none at all, are EarshotProblems. */
export async function callOnce(
	fetcher: typeof fetch,
	url: string,
	options: CallOptions & {readonly token?: string | undefined},
): Promise<Answer> {
	const headers: Record<string, string> = {accept: 'application/json', ...options.headers};
	if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`;
	if (options.body !== undefined) headers['content-type'] = 'application/json';
	const giveUp = AbortSignal.timeout(deadline_ms + (options.deadline_ms ?? 0));
	const signal = options.signal ? AbortSignal.any([options.signal, giveUp]) : giveUp;
	let response: Response;
	let text: string;
	try {
		const body = options.body === undefined ? null : JSON.stringify(options.body);
		response = await fetcher(url, {method: options.method ?? 'GET', headers, body, signal});
		text = await response.text();
	} catch (error) {
		if (options.signal?.aborted) throw error;
		throw new EarshotProblem(0, {title: 'The server cannot be reached', detail: String(error)});
	}
	const body = parseJson(text);
	if (response.status < 400) return {status: response.status, body, headers: response.headers};
	const problem = isFields(body) ? body : {};
	throw new EarshotProblem(response.status, problem, retryAfterOf_ms(response.headers));
}

/** HTTP allows seconds and, which proxies send, a date. */
function retryAfterOf_ms(headers: Headers): number | undefined {
	const value = headers.get('retry-after') ?? '';
	const wait_ms = Number(value) * 1_000 || Date.parse(value) - Date.now();
	return Number.isNaN(wait_ms) ? undefined : Math.max(0, wait_ms);
}
