/** The same numbers for the same seed. Source: mulberry32 by Tommy Ettinger, public domain. */
export class Random {
	#state;

	constructor(seed) {
		this.#state = seed >>> 0;
	}

	next = () => {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};

	chance(probability) {
		return this.next() < probability;
	}

	/** A whole number from `low` to `high`, both included. */
	whole(low, high) {
		return low + Math.floor(this.next() * (high - low + 1));
	}

	pick(list) {
		return list[this.whole(0, list.length - 1)];
	}
}

/** What a run begins with: EARSHOT_TEST_SEED, or any number. */
export const firstSeed = Number(process.env.EARSHOT_TEST_SEED ?? Math.floor(Math.random() * 1e9));
