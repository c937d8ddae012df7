import {areaLetters} from '../geo/topics.ts';
import type {EarshotEvent, Head, Position} from './event.ts';

/** What an event is to somebody who has seen what the ledger has. */
export type Verdict = 'repeat' | 'next' | 'gap' | 'foreign';

/** Stands for everywhere, where a circle has no cover. It is the beginning of every geohash. */
export const everywhere = '';

/** Topics whose last offset is kept; beyond, the feed catches up, which makes them superfluous. */
export const topicsMax = 10_000;

const blockLetters = 6; // A head tells the newest offset of cells of this many letters.

/** Whether one of the two contains the other. */
export function touches(a: string, b: string): boolean {
	return a.startsWith(b) || b.startsWith(a);
}

/** The cell among `cells` that `leaf` lies in. Covers are disjoint, so there is at most one. */
export function cellAround(
	cells: {has(cell: string): boolean},
	leaf: string,
): string | undefined {
	if (cells.has(everywhere)) return everywhere;
	for (let letters = leaf.length; letters > 0; letters--) {
		const cell = leaf.slice(0, letters);
		if (cells.has(cell)) return cell;
	}
	return undefined;
}

/**
 * What has been seen of one epoch, in the cells of one cover.
 *
 * Invariant: of a topic inside cell c, every event with an offset up to
 * max(position of c, last offset of the topic) has been applied, or is in the snapshot.
 */
export class Ledger {
	readonly epoch: string;
	readonly #positions: Map<string, number>;
	readonly #lastOfTopic = new Map<string, number>();
	readonly #lastOfBlock = new Map<string, number>();
	/** What heads told of and was not heard: offset by offset, with its block. */
	readonly #suspects = new Map<number, string>();
	#newest: number;
	#entered = 0;

	constructor(cells: readonly string[], {epoch, offset}: Position) {
		this.epoch = epoch;
		this.#positions = new Map(cells.map((cell) => [cell, offset]));
		this.#newest = offset;
	}

	/** The newest offset that has been seen at all. */
	get newest(): number {
		return this.#newest;
	}

	/** How many events have been entered. */
	get entered(): number {
		return this.#entered;
	}

	/** False when the event's topic would be one too many to remember. */
	hasRoomFor({cell}: EarshotEvent): boolean {
		return this.#lastOfTopic.size < topicsMax || this.#lastOfTopic.has(cell);
	}

	covers(leaf: string): boolean {
		return cellAround(this.#positions, leaf) !== undefined;
	}

	judge({epoch, cell, offset, prev}: EarshotEvent): Verdict {
		if (epoch !== this.epoch) return 'foreign';
		const known = this.#known(cell);
		if (offset <= known) return 'repeat';
		return prev <= known ? 'next' : 'gap';
	}

	/** Enters an event that is applied now. */
	enter({cell, offset}: EarshotEvent): void {
		this.#entered++;
		this.#lastOfTopic.set(cell, offset);
		const block = cell.slice(0, blockLetters);
		this.#suspects.delete(offset);
		this.#lastOfBlock.set(block, Math.max(offset, this.#lastOfBlock.get(block) ?? 0));
		this.#newest = Math.max(this.#newest, offset);
	}

	/** Enters that everything up to `offset` has been seen in `cells`, and nowhere else. */
	raise(cells: readonly string[], offset: number): void {
		for (const cell of cells) {
			const position = this.#positions.get(cell);
			if (position !== undefined) this.#positions.set(cell, Math.max(position, offset));
		}
		this.#newest = Math.max(this.#newest, offset);
		this.#forget(this.#lastOfTopic);
		this.#forget(this.#lastOfBlock);
		for (const [suspect, block] of this.#suspects) {
			if (suspect <= this.#positionAt(block)) this.#suspects.delete(suspect);
		}
	}

	/** From where `cells` must be read to be complete. */
	lowest(cells: readonly string[]): number {
		const positions = cells.map((cell) => this.#positionAt(cell));
		return positions.length === 0 ? this.#newest : Math.min(...positions);
	}

	/**
	 * Whether the head of `area` tells of something in the cover that has not been seen.
	 *
	 * It stays suspicious until just that has been seen: a later event of another topic proves nothing.
	 * Of a leaf a head tells only that something has happened in it or next to it; that is no reason
	 * for suspicion.
	 */
	compare(area: string, head: Head): boolean {
		let isNews = false;
		for (const [letter, offset] of Object.entries(head.cells)) {
			const block = area + letter;
			for (const cell of this.#cellsAt(block)) {
				const seen = Math.max(this.#positionAt(cell), this.#lastOfBlock.get(block) ?? 0);
				if (offset <= seen) continue;
				isNews = true;
				if (cell.length <= blockLetters) this.#suspects.set(offset, block);
			}
		}
		return isNews;
	}

	/** Whether the head of `area` tells of nothing in `cell` beyond its position. */
	isConfirmed(cell: string, area: string, {cells}: Head): boolean {
		const position = this.#positionAt(cell);
		return Object.entries(cells).every(
			([letter, offset]) => offset <= position || !touches(area + letter, cell),
		);
	}

	get isSuspicious(): boolean {
		return this.#suspects.size > 0;
	}

	/** Gives up on what heads told of and the log does not have. */
	trust(): void {
		this.#suspects.clear();
	}

	/** The cells of the cover that lie in `area`, or the one that contains it. */
	cellsOf(area: string): string[] {
		return [...this.#positions.keys()].filter((cell) => touches(area, cell));
	}

	#cellsAt(block: string): string[] {
		const around = cellAround(this.#positions, block);
		if (around !== undefined) return [around];
		return this.cellsOf(block.slice(0, areaLetters)).filter((cell) => cell.startsWith(block));
	}

	#known(leaf: string): number {
		return Math.max(this.#positionAt(leaf), this.#lastOfTopic.get(leaf) ?? 0);
	}

	/** Of the cell that contains `place`; 0 outside the cover. */
	#positionAt(place: string): number {
		return this.#positions.get(cellAround(this.#positions, place) ?? place) ?? 0;
	}

	/** Drops what the positions tell already. */
	#forget(lasts: Map<string, number>): void {
		for (const [place, offset] of lasts) {
			if (offset <= this.#positionAt(place)) lasts.delete(place);
		}
	}
}
