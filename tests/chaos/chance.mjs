/** Random choices that can be had again: the seed is printed, and EARSHOT_TEST_SEED gives one. */
export class Chance {
	static ofEnvironment() {
		return new Chance(Number(process.env.EARSHOT_TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31)));
	}

	#state;

	constructor(seed) {
		this.seed = seed;
		this.#state = seed;
	}

	/** A whole number, both ends included. Source: Steele et al., "Fast Splittable Pseudorandom Number Generators" (mix32). */
	between(least, most) {
		this.#state = (this.#state + 0x9e3779b9) | 0;
		let mixed = this.#state ^ (this.#state >>> 16);
		mixed = Math.imul(mixed, 0x85ebca6b);
		mixed ^= mixed >>> 13;
		mixed = Math.imul(mixed, 0xc2b2ae35);
		mixed ^= mixed >>> 16;
		return least + ((mixed >>> 0) % (most - least + 1));
	}
}
