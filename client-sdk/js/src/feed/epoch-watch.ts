const pastMax = 8;
/** An epoch that the server does not know is not asked about again for so long. */
const foreignPause_ms = 5_000;

/**
 * Tells the news that history was replaced from stragglers of a history that is past, and from
 * epochs that the server does not know (yet).
 */
export class EpochWatch {
	#past: Array<string | undefined> = []; // Before the first snapshot there was none.
	#asked = ''; // The epoch that the last snapshot was fetched for.
	#isUnknown = false; // And the server still had the old one.
	#askAgainAt_ms = 0;

	/** Whether an event or head of another epoch is a reason to fetch a snapshot. */
	isNews(epoch: string, now_ms: number): boolean {
		if (this.#past.includes(epoch)) return false;
		if (epoch === this.#asked && this.#isUnknown && now_ms < this.#askAgainAt_ms) return false;
		this.#asked = epoch;
		return true;
	}

	/** A snapshot of `epoch` has replaced one of `old`. */
	settle(old: string | undefined, epoch: string, now_ms: number): void {
		// A server may go back to an epoch, and then it is not past.
		this.#past = [...this.#past, old].filter((past) => past !== epoch).slice(-pastMax);
		this.#isUnknown = this.#asked !== '' && this.#asked !== epoch;
		this.#askAgainAt_ms = now_ms + foreignPause_ms;
	}
}
