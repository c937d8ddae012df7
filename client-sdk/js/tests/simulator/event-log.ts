import type {EarshotEvent, Position} from '../../src/feed/index.ts';
import {centreOf} from '../../src/geo/index.ts';
import type {Random} from '../random/random.ts';

/** What is known of a topic: how many events, which in which order (as a hash), and the last one. */
export interface Chain {
	readonly count: number;
	readonly hash: number;
	readonly last: number;
}

export const emptyChain: Chain = {count: 0, hash: 0, last: 0};

export function link({count, hash}: Chain, offset: number): Chain {
	return {count: count + 1, hash: (Math.imul(hash, 31) + offset) >>> 0, last: offset};
}

/** State per leaf cell, of the server or of a client. */
export type State = Map<string, Chain>;

interface Entry {
	readonly event: EarshotEvent;
	readonly chain: Chain;
}

/** The server's log: offsets with holes, `prev` by topic, epochs, retention. */
export class EventLog {
	readonly #random: Random;
	#entries: Entry[] = [];
	#epochs = 0;
	#floor = 0; // Positions below have expired.
	#onAppend: Array<() => void> = [];

	constructor(random: Random) {
		this.#random = random;
	}

	get epoch(): string {
		return `e-${this.#epochs}`;
	}

	get newest(): number {
		return this.#entries.at(-1)?.event.offset ?? 0;
	}

	get length(): number {
		return this.#entries.length;
	}

	eventAt(index: number): EarshotEvent | undefined {
		return this.#entries[index]?.event;
	}

	append(cell: string): void {
		const offset = this.newest + (this.#random.chance(0.2) ? this.#random.whole(2, 5) : 1);
		const chain = this.#chainOf(cell, Infinity);
		this.#entries.push({
			event: this.#event(cell, offset, chain.last),
			chain: link(chain, offset),
		});
		const waiting = this.#onAppend;
		this.#onAppend = [];
		for (const wake of waiting) wake();
	}

	onNextAppend(wake: () => void): void {
		this.#onAppend.push(wake);
	}

	/** Goes back to an earlier state, as a restore from a backup does; offsets are used again. */
	restore(): void {
		this.#epochs++;
		const kept = Math.max(0, this.#entries.length - this.#random.whole(0, 20));
		this.#entries = this.#entries.slice(0, kept).map(({event, chain}) => ({
			event: this.#event(event.cell, event.offset, event.prev),
			chain,
		}));
		this.#floor = Math.min(this.#floor, this.newest);
	}

	/** Drops what is older than the newest few. */
	expire(): void {
		const first = this.#entries.at(-this.#random.whole(1, 10));
		this.#floor = Math.max(this.#floor, first?.event.offset ?? 0);
	}

	isReadableFrom({epoch, offset}: Position): boolean {
		return epoch === this.epoch && offset >= this.#floor && offset <= this.newest;
	}

	/** Events after `offset` that `isWanted`, at most `limit`. */
	read(offset: number, isWanted: (event: EarshotEvent) => boolean, limit: number) {
		const found = this.#entries
			.filter(({event}) => event.offset > offset && isWanted(event))
			.map(({event}) => event);
		const events = found.slice(0, limit);
		const more = found.length > limit;
		const scanned = more ? events.at(-1)!.offset : this.newest;
		return {events, more, position: {epoch: this.epoch, offset: scanned}};
	}

	/** The state of every cell that `isWanted` as it was right after `offset`. */
	stateAt(offset: number, isWanted: (cell: string) => boolean): State {
		const state: State = new Map();
		for (const {event, chain} of this.#entries) {
			if (event.offset > offset) break;
			if (isWanted(event.cell)) state.set(event.cell, chain);
		}
		return state;
	}

	/** The position of the newest event but `back`. */
	positionBack(back: number): Position {
		const index = this.#entries.length - 1 - back;
		return {epoch: this.epoch, offset: this.#entries[index]?.event.offset ?? 0};
	}

	#chainOf(cell: string, offset: number): Chain {
		for (let index = this.#entries.length - 1; index >= 0; index--) {
			const {event, chain} = this.#entries[index]!;
			if (event.cell === cell && event.offset <= offset) return chain;
		}
		return emptyChain;
	}

	#event(cell: string, offset: number, prev: number): EarshotEvent {
		return {
			id: `${this.epoch}:${offset}`,
			source: '/earshot/simulator',
			type: 'thing.happened',
			time: '',
			subject: '',
			epoch: this.epoch,
			offset,
			prev,
			cell,
			data: centreOf(cell),
		};
	}
}
