import type {FeedOptions} from './feed-types.ts';

/** How often a gap is looked for in the log before the answer is a snapshot. */
const doubtsMax = 5;

/** When to look whether anything was missed: soon, where there is doubt, and now and then anyway. */
export class Watch {
	readonly #options: FeedOptions;
	readonly #random: () => number;
	#doubtAt_ms = Infinity;
	#doubts = 0;
	#doubted = 0; // The offset after the gap that was last looked for.
	#auditAt_ms = Infinity;
	#heardAt_ms = Infinity; // The first live event since everything was read.

	constructor(options: FeedOptions, random: () => number) {
		this.#options = options;
		this.#random = random;
	}

	get times_ms(): number[] {
		return [this.#doubtAt_ms, this.#auditAt_ms];
	}

	isAuditTime(now_ms: number): boolean {
		return now_ms >= this.#auditAt_ms;
	}

	/** Nothing has been heard since everything was read. */
	get isIdle(): boolean {
		return this.#heardAt_ms === Infinity;
	}

	/** Looks again in a moment: what is missing may be on its way. */
	doubt(now_ms: number): void {
		if (this.#doubtAt_ms !== Infinity) return;
		const spread_ms = this.#options.gapSpread_ms * Math.max(1, this.#doubts);
		this.#doubtAt_ms = now_ms + this.#random() * spread_ms;
	}

	/** Whether it is time to look into a doubt; then it is one no more. */
	takeDoubt(now_ms: number): boolean {
		if (now_ms < this.#doubtAt_ms) return false;
		this.#doubtAt_ms = Infinity;
		return true;
	}

	/** False when the gap before `offset` was looked for too often. A new one is there because the last was filled. */
	mayTryAgain(offset: number): boolean {
		if (offset > this.#doubted) this.#doubts = 0;
		this.#doubted = offset;
		if (++this.#doubts <= doubtsMax) return true;
		this.#doubts = 0;
		return false;
	}

	trust(): void {
		this.#doubts = 0;
	}

	/** Something happened, so something may have been lost. */
	hear(now_ms: number): void {
		const {auditQuiet_ms, auditBusy_ms} = this.#options;
		this.#heardAt_ms = Math.min(this.#heardAt_ms, now_ms);
		const quiet_ms = now_ms + auditQuiet_ms * (0.75 + this.#random() / 2);
		this.#auditAt_ms = Math.min(quiet_ms, this.#heardAt_ms + auditBusy_ms);
	}

	/** Heads may not tell everything: the next audit is to look into the log. */
	distrust(now_ms: number): void {
		this.#heardAt_ms = now_ms;
	}

	/** Everything has been read: the next audit is a long way off, unless something happens. */
	calmDown(now_ms: number): void {
		this.#heardAt_ms = Infinity;
		this.#auditAt_ms = now_ms + this.#options.auditIdle_ms * (0.5 + this.#random());
	}

	/** Somebody came back after a while. */
	hurry(now_ms: number): void {
		this.distrust(now_ms);
		this.#auditAt_ms = now_ms + this.#random() * this.#options.gapSpread_ms;
	}
}
