/** Ways to wait that always end. */

/** Resolves after `ms`, or at once when `signal` aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const end = () => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, ms);
		if (signal?.aborted) end();
		else signal?.addEventListener('abort', end);
	});
}

/** Rejects with `message` when `work` has not settled after `ms`. */
export async function withDeadline<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
	const done = new AbortController();
	const tooLate = sleep(ms, done.signal).then(() => {
		throw new Error(message);
	});
	tooLate.catch(() => undefined); // Losing the race is no error of its own.
	try {
		return await Promise.race([work, tooLate]);
	} finally {
		done.abort();
	}
}

/**
 * Full jitter: anything from nothing to a ceiling that doubles with every failure.
 *
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function fullJitter_ms(failures: number, random: () => number): number {
	return random() * Math.min(30_000, 500 * 2 ** Math.min(failures, 16));
}

/** A bell that remembers one ring until somebody waits for it. */
export class Bell {
	#isRung = false;
	#wake: (() => void) | undefined;

	ring(): void {
		this.#isRung = true;
		this.#wake?.();
	}

	/** Forgets a ring that nobody waited for. */
	silence(): void {
		this.#isRung = false;
	}

	/** Waits for a ring or for the end of `ms`, whichever is first. */
	async wait(ms: number): Promise<void> {
		if (!this.#isRung) {
			const rung = new AbortController();
			this.#wake = () => rung.abort();
			await sleep(ms, rung.signal);
			this.#wake = undefined;
		}
		this.#isRung = false;
	}
}
