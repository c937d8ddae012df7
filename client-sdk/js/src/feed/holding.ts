import {positionText, type EarshotEvent} from './event.ts';

/** Events that wait for a snapshot, or for what comes before them. */
const heldMax = 1_000;

/**
 * Events that cannot be applied yet: each once, and not too many. When there are too many all are
 * dropped, because the log has them; whoever holds them must read it then.
 */
export class Holding {
	#events = new Map<string, EarshotEvent>();
	#isOverflown = false;

	get size(): number {
		return this.#events.size;
	}

	/** The lowest offset; infinite if there is none. */
	get first(): number {
		return Math.min(...[...this.#events.values()].map(({offset}) => offset));
	}

	/** Whether any were dropped since the last `take` or `clear`. */
	get isOverflown(): boolean {
		return this.#isOverflown;
	}

	add(event: EarshotEvent): void {
		this.#events.set(positionText(event), event);
		if (this.#events.size <= heldMax) return;
		this.clear();
		this.#isOverflown = true;
	}

	clear(): void {
		this.#events.clear();
		this.#isOverflown = false;
	}

	/** All of them, in offset order; none is held any more. */
	take(): EarshotEvent[] {
		const events = [...this.#events.values()].sort((a, b) => a.offset - b.offset);
		this.clear();
		return events;
	}
}
