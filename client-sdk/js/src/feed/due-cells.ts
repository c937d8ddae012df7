import type {Head} from './event.ts';
import {touches, type Ledger} from './ledger.ts';

const areasMax = 1_100; // 32 cells of four letters have 1,024 areas.
/** How long after SUBACK retained heads may take: a broker that restarts gets them again. */
const headPatience_ms = 3_000;

/**
 * Cells in which something may have been missed, until the log has been read there, or the heads
 * have told that nothing was.
 */
export class DueCells {
	readonly #since = new Map<string, number>(); // By the count of additions.
	readonly #awaitsHead = new Set<string>(); // Due only unless a head says that nothing was missed.
	/** By area; undefined is one that has not been told again since it was asked for. */
	readonly #heads = new Map<string, Head | undefined>();
	#headsUntil_ms = -Infinity;
	#strictUntil_ms = -Infinity;
	#additions = 0;
	#isAudit = false;

	get size(): number {
		return this.#since.size;
	}

	/** Whether they are read only to be sure. */
	get isAudit(): boolean {
		return this.#isAudit;
	}

	/** Distinguishes what was due when a request was made from what became so afterwards. */
	get mark(): number {
		return this.#additions;
	}

	add(cells: readonly string[], isAudit = false): void {
		this.#isAudit = isAudit && (this.#isAudit || this.size === 0);
		this.#additions++;
		for (const cell of cells) {
			this.#since.set(cell, this.#additions);
			this.#awaitsHead.delete(cell);
		}
	}

	/** Until when cells wait for heads. */
	get headsUntil_ms(): number {
		return this.#headsUntil_ms;
	}

	addUnlessConfirmed(cells: readonly string[], now_ms: number, isAudit = false): void {
		this.add(cells, isAudit);
		for (const cell of cells) this.#awaitsHead.add(cell);
		this.#headsUntil_ms = now_ms + headPatience_ms;
		if (!isAudit) this.#strictUntil_ms = this.#headsUntil_ms;
	}

	/** Takes a head in; beyond what a cover can have all are forgotten. */
	hear(area: string, head: Head): void {
		this.#heads.set(area, head);
		if (this.#heads.size > areasMax) this.#heads.clear();
	}

	/** A retained head from before says nothing about the time without a connection. */
	forgetHeads(): void {
		for (const area of this.#heads.keys()) this.#heads.set(area, undefined);
	}

	headsOf(epoch: string | undefined): Array<[string, Head | undefined]> {
		return [...this.#heads].filter(([, head]) => head?.epoch === epoch);
	}

	/**
	 * There is no other head: what still waits for one has missed nothing, if any of this epoch shows
	 * that the log is still the one that is known. A head that was there once and is not now was lost.
	 */
	confirmAwaited(epoch: string | undefined): void {
		if (this.headsOf(epoch).length === 0) return;
		const lost = [...this.#heads.keys()].filter((area) => !this.#heads.get(area));
		for (const cell of this.#awaitsHead) {
			if (lost.some((area) => touches(area, cell))) continue;
			this.#since.delete(cell);
			this.#awaitsHead.delete(cell);
		}
	}

	/**
	 * Soon after the broker began to serve the area: does its head tell of more than the positions?
	 * Only they count: of two topics one may have been lost with the connection.
	 */
	compare(ledger: Ledger, area: string, head: Head, now_ms: number): void {
		// A retained head may be a second old, and then there is another one soon.
		if (now_ms >= this.#strictUntil_ms) return;
		for (const cell of ledger.cellsOf(area)) {
			// One head answers for a cell of five letters and more; for larger ones it takes all.
			if (!ledger.isConfirmed(cell, area, head)) this.add([cell]);
			else if (cell.length >= area.length && this.#awaitsHead.delete(cell)) this.#since.delete(cell);
		}
	}

	/** An answer to a request made at `mark` has told everything in `cells`. */
	settle(cells: readonly string[], mark: number): void {
		for (const cell of cells) {
			if ((this.#since.get(cell) ?? 0) <= mark) this.#since.delete(cell);
		}
	}

	/** Those among `cells` that are to be read, without those that still wait for a head. */
	among(cells: readonly string[], now_ms: number): string[] {
		const isWaiting = now_ms < this.#headsUntil_ms;
		const isDue = (cell: string) =>
			this.#since.has(cell) && !(isWaiting && this.#awaitsHead.has(cell));
		return cells.filter(isDue);
	}

	clear(): void {
		this.#since.clear();
		this.#awaitsHead.clear();
	}
}
