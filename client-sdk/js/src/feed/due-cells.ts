import type {Head} from './event.ts';
import type {Ledger} from './ledger.ts';

/** Cells in which something may have been missed, until the log has been read there. */
export class DueCells {
	readonly #since = new Map<string, number>(); // By the count of additions.
	readonly #awaitsHead = new Set<string>(); // Due only unless a head says that nothing was missed.
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

	addUnlessConfirmed(cells: readonly string[], isAudit = false): void {
		this.add(cells, isAudit);
		for (const cell of cells) this.#awaitsHead.add(cell);
	}

	/** There is no other head: what still waits for one has missed nothing. */
	confirmAwaited(): void {
		for (const cell of this.#awaitsHead) this.#since.delete(cell);
		this.#awaitsHead.clear();
	}

	/**
	 * Soon after the broker began to serve the area: does its head tell of more than the positions?
	 * Only they count: of two topics one may have been lost with the connection.
	 */
	compare(ledger: Ledger, area: string, head: Head): void {
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
	among(cells: readonly string[], isWaiting: boolean): string[] {
		const isDue = (cell: string) =>
			this.#since.has(cell) && !(isWaiting && this.#awaitsHead.has(cell));
		return cells.filter(isDue);
	}

	clear(): void {
		this.#since.clear();
		this.#awaitsHead.clear();
	}
}
