/** Virtual time: things happen in order of their time, as fast as they can be computed. */
export class Timeline {
	now_ms = 0;
	#serial = 0;
	readonly #heap: Array<{at_ms: number; serial: number; run: () => void}> = [];

	after(delay_ms: number, run: () => void): void {
		this.at(this.now_ms + delay_ms, run);
	}

	at(at_ms: number, run: () => void): void {
		const heap = this.#heap;
		let index = heap.push({at_ms: Math.max(at_ms, this.now_ms), serial: this.#serial++, run}) - 1;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			if (!this.#isBefore(index, parent)) break;
			this.#swap(index, parent);
			index = parent;
		}
	}

	runUntil(end_ms: number): void {
		while (this.#heap.length > 0 && this.#heap[0]!.at_ms <= end_ms) {
			const {at_ms, run} = this.#takeFirst();
			this.now_ms = at_ms;
			run();
		}
		this.now_ms = end_ms;
	}

	#takeFirst(): {at_ms: number; run: () => void} {
		const heap = this.#heap;
		const first = heap[0]!;
		const last = heap.pop()!;
		if (heap.length > 0) heap[0] = last;
		for (let index = 0; ; ) {
			let least = index;
			for (const child of [2 * index + 1, 2 * index + 2]) {
				if (child < heap.length && this.#isBefore(child, least)) least = child;
			}
			if (least === index) return first;
			this.#swap(index, least);
			index = least;
		}
	}

	#isBefore(a: number, b: number): boolean {
		const [x, y] = [this.#heap[a]!, this.#heap[b]!];
		return x.at_ms !== y.at_ms ? x.at_ms < y.at_ms : x.serial < y.serial;
	}

	#swap(a: number, b: number): void {
		[this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
	}
}
