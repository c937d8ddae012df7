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
