/**
 * A clock that jumps ahead now and then, as that of a machine which slept: timers that were to ring
 * in between ring after it.
 */
export class SleepyClock {
	#slept_ms = 0;

	constructor(random) {
		this.random = random;
	}

	now_ms() {
		return performance.now() + this.#slept_ms;
	}

	after(delay_ms, run) {
		const timer = setTimeout(() => {
			if (this.random.chance(0.02)) this.#slept_ms += this.random.whole(1_000, 3_600_000);
			run();
		}, Math.max(0, delay_ms));
		return () => clearTimeout(timer);
	}
}

/** The clock of a machine that sleeps from `sleep()` to `wake()`: no timer rings meanwhile. */
export class LaptopClock {
	#missed; // What was to ring meanwhile; undefined: it is awake.

	now_ms() {
		return performance.now();
	}

	after(delay_ms, run) {
		let isCancelled = false;
		const ring = () => {
			if (!isCancelled) run();
		};
		const timer = setTimeout(() => {
			if (this.#missed) this.#missed.push(ring);
			else ring();
		}, Math.max(0, delay_ms));
		return () => {
			isCancelled = true;
			clearTimeout(timer);
		};
	}

	sleep() {
		this.#missed = [];
	}

	wake() {
		const missed = this.#missed;
		this.#missed = undefined;
		for (const ring of missed) ring();
	}
}
