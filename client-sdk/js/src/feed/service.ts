import {everywhere} from './ledger.ts';

/** Which cells the broker serves, and for how long it has not served all that are needed. */
export class Service {
	readonly #patience_ms: () => number;
	readonly #granted = new Set<string>();
	#isWhole = false; // When the last step ended.
	#wasWhole = false;
	#pollAt_ms = 0;
	#isExpected = false; // A connection is being made that is worth waiting for.

	/** `patience_ms`: without service for so long, events must be polled. */
	constructor(patience_ms: () => number) {
		this.#patience_ms = patience_ms;
	}

	get granted(): ReadonlySet<string> {
		return this.#granted;
	}

	/** Whether it has ever served everything. */
	get wasWhole(): boolean {
		return this.#wasWhole;
	}

	/** Without service until then, events must be polled. */
	get pollAt_ms(): number {
		return this.#pollAt_ms;
	}

	/** Those that were not served before. */
	add(cells: readonly string[]): string[] {
		const news = cells.filter((cell) => !this.#granted.has(cell));
		for (const cell of news) this.#granted.add(cell);
		return news;
	}

	remove(cells: readonly string[]): void {
		for (const cell of cells) this.#granted.delete(cell);
	}

	/**
	 * A connection is being made. Who has served before and takes a while, because thousands come back
	 * at once, is waited for until that succeeds or fails: polling would only add to it.
	 */
	expect(now_ms: number): void {
		this.#isExpected = this.#wasWhole && now_ms < this.#pollAt_ms;
	}

	/** It failed, or has ended, or does not serve these. */
	refuse(cells: readonly string[]): void {
		this.remove(cells);
		this.#isExpected = false;
	}

	serves(cells: readonly string[]): boolean {
		return cells.length > 0 && cells.every((cell) => this.#granted.has(cell));
	}

	/** Whether events must be polled. */
	isAbsent(cells: readonly string[], now_ms: number): boolean {
		if (this.serves(cells)) return false;
		return cells.includes(everywhere) || (!this.#isExpected && now_ms >= this.#pollAt_ms);
	}

	note(cells: readonly string[], now_ms: number): void {
		const isWhole = this.serves(cells);
		if (isWhole) {
			this.#wasWhole = true;
			this.#isExpected = false; // It has come about.
		} else if (this.#isWhole) this.begin(now_ms);
		this.#isWhole = isWhole;
	}

	/** From now on there should be service. */
	begin(now_ms: number): void {
		this.#pollAt_ms = now_ms + this.#patience_ms();
	}
}
