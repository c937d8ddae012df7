import {pause_ms} from '../backoff.ts';

export interface Request {
	readonly id: number;
	readonly kind: 'snapshot' | 'catch-up' | 'poll';
	readonly cells: readonly string[];
	/** Cells that became due after this stay so when it is answered. */
	readonly mark: number;
	/** What the broker has sent since before it was made, without a break. */
	readonly granted: Set<string>;
}

/** Where requests to the server are made: one at a time, and not at once after a failure. */
export class Desk {
	readonly #random: () => number;
	#request: Request | undefined;
	#requests = 0;
	#failures = 0;
	#retryAt_ms = 0;

	constructor(random: () => number) {
		this.#random = random;
	}

	get kind(): Request['kind'] | undefined {
		return this.#request?.kind;
	}

	get hasFailed(): boolean {
		return this.#failures > 0;
	}

	get retryAt_ms(): number {
		return this.#retryAt_ms;
	}

	isFree(now_ms: number): boolean {
		return !this.#request && now_ms >= this.#retryAt_ms;
	}

	ask(request: Omit<Request, 'id'>): number {
		this.#request = {...request, id: ++this.#requests};
		return this.#request.id;
	}

	/** The request that this answers, unless it was given up. */
	answered(id: number): Request | undefined {
		if (this.#request?.id !== id) return undefined;
		const request = this.#request;
		this.#request = undefined;
		return request;
	}

	/** The broker has ceased to send these, if only for a moment. */
	interrupt(cells: readonly string[]): void {
		for (const cell of cells) this.#request?.granted.delete(cell);
	}

	/** Gives the request up; its id, if there was one. */
	giveUp(): number | undefined {
		const id = this.#request?.id;
		this.#request = undefined;
		return id;
	}

	succeed(): void {
		this.#failures = 0;
	}

	fail(now_ms: number, retryAfter_ms: number | undefined): void {
		this.#retryAt_ms = now_ms + pause_ms(retryAfter_ms, this.#failures++, this.#random);
	}

	hurry(): void {
		this.#failures = 0;
		this.#retryAt_ms = 0;
	}
}
