/** A small random number generator that gives the same numbers for the same seed. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** Source: mulberry32 by Tommy Ettinger, public domain. */
	readonly next = (): number => {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};

	between(low: number, high: number): number {
		return low + this.next() * (high - low);
	}

	/** A whole number from `low` to `high`, both included. */
	whole(low: number, high: number): number {
		return low + Math.floor(this.next() * (high - low + 1));
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	pick<T>(choices: readonly T[]): T {
		return choices[this.whole(0, choices.length - 1)]!;
	}
}

/**
 * The seed of a random test: EARSHOT_TEST_SEED; without it a new one each time in the long form
 * (EARSHOT_TEST_FULL=1), and always the same in the short one, where a failure must be of the change.
 */
export function chooseSeed(): number {
	const any = process.env['EARSHOT_TEST_FULL'] === '1' ? Math.floor(Math.random() * 2 ** 31) : 1;
	const seed = Number(process.env['EARSHOT_TEST_SEED'] ?? any);
	console.log(`EARSHOT_TEST_SEED=${seed}`);
	return seed;
}
