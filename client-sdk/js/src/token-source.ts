/**
 * Gives the caller's token; `ending` is the one that it takes the place of, if there is one.
 * Called again before the token expires, and when the server has refused it.
 */
export type GetToken = (ending: string | undefined) => string | Promise<string>;

/** So long before its end a token is replaced. */
export const renewBefore_ms = 60_000;
const keepAtLeast_ms = 30_000; // A wrong clock must not make every call a renewal.

/** The current token. Calls that need one at the same time share one request for it. */
export class TokenSource {
	readonly #get: GetToken;
	readonly #now_ms: () => number;
	#token: string | undefined;
	#renewAt_ms = Infinity;
	#pending: Promise<string> | undefined;

	constructor(token: string | GetToken, now_ms: () => number = Date.now) {
		this.#get = typeof token === 'string' ? () => token : token;
		this.#now_ms = now_ms;
	}

	async token(): Promise<string> {
		if (this.#token !== undefined && this.#now_ms() < this.#renewAt_ms) return this.#token;
		return this.#renew();
	}

	/** Another token in place of one that was refused or ends, unless that has happened already. */
	async replace(old: string): Promise<string> {
		if (this.#token !== undefined && this.#token !== old) return this.token();
		return this.#renew();
	}

	#renew(): Promise<string> {
		this.#pending ??= this.#fetch().finally(() => {
			this.#pending = undefined;
		});
		return this.#pending;
	}

	async #fetch(): Promise<string> {
		const token = await this.#get(this.#token);
		const expires_ms = expiryOf_ms(token);
		this.#token = token;
		const now_ms = this.#now_ms();
		this.#renewAt_ms = Math.max(expires_ms - renewBefore_ms, now_ms + keepAtLeast_ms);
		return token;
	}
}

/** When a JWT ends, by its own word; never for anything else. */
export function expiryOf_ms(token: string): number {
	try {
		const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
		const {exp} = JSON.parse(atob(payload)) as {exp?: unknown};
		return typeof exp === 'number' ? exp * 1_000 : Infinity;
	} catch {
		return Infinity;
	}
}
