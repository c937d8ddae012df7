import {pause_ms} from '../backoff.ts';
import {headPrefix, statusTopic} from '../geo/topics.ts';

export type LineInput =
	/**
	 * All the filters that `owner` wants from now on; none: it is gone. `again`: heads are asked for
	 * although they are granted, because the broker then sends what it retains.
	 */
	| {
			readonly type: 'want';
			readonly owner: number;
			readonly filters: readonly string[];
			readonly again?: boolean | undefined;
	  }
	| {readonly type: 'connected'; readonly attempt: number}
	/** The connection ended, or never came about. */
	| {
			readonly type: 'closed';
			readonly attempt: number;
			readonly retryAfter_ms?: number | undefined;
	  }
	/** SUBACK: a code for each filter; 128 and above are refusals. */
	| {
			readonly type: 'suback';
			readonly attempt: number;
			readonly filters: readonly string[];
			readonly codes: readonly number[];
	  }
	| {readonly type: 'wake'}
	| {readonly type: 'tick'};

export type LineEffect =
	| {readonly type: 'connect'; readonly attempt: number}
	| {readonly type: 'disconnect'}
	/** Asks the broker for a sign of life; without one the connection is to be ended. */
	| {readonly type: 'probe'}
	| {readonly type: 'subscribe'; readonly attempt: number; readonly filters: readonly string[]}
	| {readonly type: 'unsubscribe'; readonly filters: readonly string[]}
	/** The broker sends what matches these filters from now on. */
	| {readonly type: 'granted'; readonly filters: readonly string[]}
	/** It does not, or no more: the connection has ended, or never came about. */
	| {readonly type: 'refused'; readonly filters: readonly string[]};

/** What nobody wants any more is kept for so long: somebody may pan back. */
const linger_ms = 5_000;
/** All filters of a connection; the broker allows one more, which the status has. */
const filtersMax = 255;
/** In one SUBSCRIBE. */
const packetFiltersMax = 64;
/** The transport gives up sooner; the credentials may have to be asked for before. */
const connectDeadline_ms = 20_000;
const subackDeadline_ms = 10_000;
/** A connection that ends sooner counts as one more failure. */
const stableAfter_ms = 10_000;
/** What the broker refused is asked for again after about so long. */
const refusedRetry_ms = 30_000;

/**
 * The one connection of all feeds and jobs, as a pure state machine: who wants what, what the broker
 * has granted, when to connect again.
 *
 * Driven like a feed: inputs with the time, effects to carry out, a tick at `wakeAt_ms`.
 */
export class LineCore {
	readonly #random: () => number;
	#now_ms = 0;
	#effects: LineEffect[] = [];
	readonly #owners = new Map<number, readonly string[]>();
	readonly #lingering = new Map<string, number>(); // Until when.
	readonly #granted = new Set<string>();
	readonly #pending = new Set<string>(); // SUBSCRIBE is sent, SUBACK is not there.
	readonly #refused = new Map<string, number>(); // Until when it is not asked for.
	#state: 'idle' | 'connecting' | 'open' = 'idle';
	#attempt = 0;
	#failures = 0;
	#connectAt_ms = 0;
	#deadline_ms = Infinity; // Of CONNACK or SUBACK.
	#openSince_ms = 0;

	constructor(random: () => number) {
		this.#random = random;
	}

	get wakeAt_ms(): number {
		const times = [this.#deadline_ms, ...this.#lingering.values(), ...this.#refused.values()];
		if (this.#state === 'idle' && this.#owners.size > 0) times.push(this.#connectAt_ms);
		return Math.min(...times.filter((time) => time > this.#now_ms));
	}

	get isOpen(): boolean {
		return this.#state === 'open';
	}

	/** Whether the broker has granted all that it was asked for. */
	get isWhole(): boolean {
		return this.#pending.size === 0 && this.#refused.size === 0;
	}

	step(input: LineInput, now_ms: number): LineEffect[] {
		this.#now_ms = Math.max(now_ms, this.#now_ms);
		this.#effects = [];
		this.#take(input);
		this.#settle();
		return this.#effects;
	}

	#take(input: LineInput): void {
		if ('attempt' in input && input.attempt !== this.#attempt) return; // Of a past connection.
		switch (input.type) {
			case 'want':
				this.#want(input.owner, input.filters);
				if (input.again && this.isOpen) this.#ask(input.filters.filter((filter) => filter.startsWith(headPrefix)));
				return;
			case 'connected':
				this.#state = 'open';
				this.#openSince_ms = this.#now_ms;
				this.#deadline_ms = Infinity;
				return;
			case 'closed':
				return this.#close(input.retryAfter_ms);
			case 'suback':
				return this.#grant(input.filters, input.codes);
			case 'wake':
				this.#failures = 0;
				this.#connectAt_ms = this.#now_ms;
				if (this.isOpen) this.#effects.push({type: 'probe'});
				return;
		}
	}

	#want(owner: number, filters: readonly string[]): void {
		const before = this.#wanted();
		const known = this.#owners.get(owner) ?? [];
		if (filters.length > 0) this.#owners.set(owner, filters);
		else this.#owners.delete(owner);
		const now = this.#wanted();
		for (const filter of before) {
			if (!now.has(filter)) this.#lingering.set(filter, this.#now_ms + linger_ms);
		}
		for (const filter of now) this.#lingering.delete(filter);
		const granted = filters.filter(
			(filter) => this.#granted.has(filter) && !known.includes(filter),
		);
		if (granted.length > 0) this.#effects.push({type: 'granted', filters: granted});
	}

	#wanted(): Set<string> {
		return new Set([...this.#owners.values()].flat());
	}

	#grant(filters: readonly string[], codes: readonly number[]): void {
		const granted: string[] = [];
		const refused: string[] = [];
		for (const [index, filter] of filters.entries()) {
			this.#pending.delete(filter);
			if ((codes[index] ?? 128) < 128) granted.push(filter);
			else refused.push(filter);
		}
		if (this.#pending.size === 0) this.#deadline_ms = Infinity;
		for (const filter of granted) this.#granted.add(filter);
		for (const filter of refused) this.#granted.delete(filter);
		this.#effects.push({type: 'granted', filters: granted});
		this.#refuse(refused);
	}

	#refuse(filters: readonly string[]): void {
		if (filters.length === 0) return;
		const until_ms = this.#now_ms + refusedRetry_ms * (0.75 + this.#random() / 2);
		for (const filter of filters) this.#refused.set(filter, until_ms);
		this.#effects.push({type: 'refused', filters});
	}

	#close(retryAfter_ms?: number): void {
		if (this.#state === 'idle') return;
		const isStable =
			this.isOpen && this.#now_ms - this.#openSince_ms >= stableAfter_ms;
		if (isStable) this.#failures = 0;
		this.#effects.push({type: 'refused', filters: [...this.#granted]});
		this.#forget();
		this.#connectAt_ms = this.#now_ms + pause_ms(retryAfter_ms, this.#failures++, this.#random);
	}

	#forget(): void {
		this.#state = 'idle';
		this.#attempt++;
		this.#deadline_ms = Infinity;
		this.#granted.clear();
		this.#pending.clear();
		this.#refused.clear();
		this.#lingering.clear();
	}

	#settle(): void {
		if (this.#now_ms >= this.#deadline_ms) {
			this.#effects.push({type: 'disconnect'});
			this.#close();
		}
		for (const [filter, until_ms] of this.#refused) {
			if (this.#now_ms >= until_ms) this.#refused.delete(filter);
		}
		const wanted = this.#wanted();
		if (this.#state === 'idle') this.#connect(wanted);
		if (!this.isOpen) return;
		this.#unsubscribe(wanted);
		this.#subscribe(wanted);
		if (wanted.size > 0 || this.#lingering.size > 0) return;
		this.#effects.push({type: 'disconnect'});
		this.#forget();
	}

	#connect(wanted: ReadonlySet<string>): void {
		if (wanted.size === 0 || this.#now_ms < this.#connectAt_ms) return;
		this.#state = 'connecting';
		this.#deadline_ms = this.#now_ms + connectDeadline_ms;
		this.#effects.push({type: 'connect', attempt: ++this.#attempt});
	}

	/** Ends what has lingered long enough, or makes room. */
	#unsubscribe(wanted: ReadonlySet<string>): void {
		const excess = wanted.size + this.#lingering.size - filtersMax;
		const ended: string[] = [];
		for (const [filter, until_ms] of this.#lingering) {
			if (this.#now_ms < until_ms && ended.length >= excess) continue;
			this.#lingering.delete(filter);
			if (this.#granted.delete(filter)) ended.push(filter);
		}
		if (ended.length === 0) return;
		this.#effects.push({type: 'unsubscribe', filters: ended});
	}

	#subscribe(wanted: ReadonlySet<string>): void {
		const filters = [...wanted];
		const isNew = (filter: string) =>
			!this.#granted.has(filter) && !this.#pending.has(filter) && !this.#refused.has(filter);
		this.#refuse(filters.slice(filtersMax).filter(isNew));
		const missing = filters.slice(0, filtersMax).filter(isNew);
		if (missing.length === 0) return;
		for (const filter of missing) this.#pending.add(filter);
		this.#deadline_ms = this.#now_ms + subackDeadline_ms;
		this.#ask(missing);
	}

	#ask(filters: readonly string[]): void {
		// The broker sends what it retains in this order: after the status no head is to come.
		const all = [...filters, statusTopic];
		for (let first = 0; first < all.length; first += packetFiltersMax) {
			const packet = all.slice(first, first + packetFiltersMax);
			this.#effects.push({type: 'subscribe', attempt: this.#attempt, filters: packet});
		}
	}
}
