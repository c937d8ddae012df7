import {isFields} from './feed/event.ts';
import type {EarshotProblem} from './http.ts';
import {tell} from './tell.ts';

export type JobState =
	| 'available'
	| 'scheduled'
	| 'running'
	| 'retryable'
	| 'completed'
	| 'discarded'
	| 'cancelled';

/** A job as the server shows it; `version` only grows. */
export interface JobView {
	readonly id: string;
	readonly kind: string;
	readonly state: JobState;
	readonly version: number;
	readonly progress: {readonly percent: number; readonly note: string} | null;
	readonly partial: readonly unknown[];
	readonly result: unknown;
	readonly problem: Readonly<Record<string, unknown>> | null;
	readonly topic: string;
}

/** Why a job has no result: it was discarded or cancelled. */
export class JobFailed extends Error {
	override readonly name = 'JobFailed';
	readonly job: JobView;

	constructor(job: JobView) {
		super(String(job.problem?.['detail'] ?? job.problem?.['title'] ?? `The job was ${job.state}`));
		this.job = job;
	}
}

export interface JobListener {
	/** What the last request failed with, which is made again; undefined when one has succeeded since. */
	problem?(problem: EarshotProblem | undefined): void;
}

export function isFinal({state}: JobView): boolean {
	return ['completed', 'discarded', 'cancelled'].includes(state);
}

/** Undefined for what is no job. What a push left out for its size is marked by `truncated`. */
export function parseJob(value: unknown): (JobView & {readonly truncated: boolean}) | undefined {
	if (!isFields(value)) return undefined;
	const {id, kind, state, version, progress, partial, result, problem, topic} = value;
	if (typeof id !== 'string' || typeof state !== 'string' || typeof version !== 'number') {
		return undefined;
	}
	return {
		id,
		kind: typeof kind === 'string' ? kind : '',
		state: state as JobState,
		version,
		progress: isFields(progress) ? (progress as {percent: number; note: string} & typeof progress) : null,
		partial: Array.isArray(partial) ? partial : [],
		result: result ?? null,
		problem: isFields(problem) ? problem : null,
		topic: typeof topic === 'string' ? topic : '',
		truncated: value['truncated'] === true,
	};
}

/**
 * A command on its way through the server, from here to its end.
 *
 * `for await (const view of job)` gives every view that comes by, up to the final one.
 */
export class Job implements AsyncIterable<JobView> {
	/** Names the command: sent again under it, it is still the same job. */
	readonly key: string;
	#view: JobView | undefined;
	#error: Error | undefined;
	#problem: EarshotProblem | undefined;
	readonly #listeners = new Set<JobListener>();
	#waiting: Array<() => void> = [];
	readonly #cancel: (job: Job) => Promise<void>;

	/** Jobs are made by `submit`. */
	constructor(key: string, cancel: (job: Job) => Promise<void>) {
		this.key = key;
		this.#cancel = cancel;
	}

	/** Undefined until the server has accepted it. */
	get id(): string | undefined {
		return this.#view?.id;
	}

	/** The newest that is known. */
	get view(): JobView | undefined {
		return this.#view;
	}

	/** What keeps it from going on, as `listen` tells. */
	get problem(): EarshotProblem | undefined {
		return this.#problem;
	}

	get isSettled(): boolean {
		return this.#error !== undefined || (this.#view !== undefined && isFinal(this.#view));
	}

	/** Resolves when the server has the command on disk; rejects when it refuses it. */
	async accepted(): Promise<JobView> {
		while (!this.#view && !this.#error) await this.#change();
		if (!this.#view) throw this.#error!;
		return this.#view;
	}

	/** What the job came to. Rejects with JobFailed when it was discarded or cancelled. */
	async result<Result = unknown>(): Promise<Result> {
		while (!this.isSettled) await this.#change();
		if (this.#error) throw this.#error;
		if (this.#view!.state !== 'completed') throw new JobFailed(this.#view!);
		return this.#view!.result as Result;
	}

	/** Returns how to stop listening. */
	listen(listener: JobListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<JobView, void, undefined> {
		let seen = -1;
		for (;;) {
			if (this.#view && this.#view.version > seen) {
				seen = this.#view.version;
				yield this.#view;
			} else if (this.#error) throw this.#error;
			else if (this.isSettled) return;
			else await this.#change();
		}
	}

	/** Asks the server to end it: at once, or, while long work is at it, as soon as that listens. */
	async cancel(): Promise<void> {
		await this.accepted();
		if (!this.isSettled) await this.#cancel(this);
	}

	/** Takes a view that is newer than the last; true when it is the end. */
	show(view: JobView): boolean {
		if (!this.isSettled && view.version > (this.#view?.version ?? -1)) {
			this.#view = view;
			this.#wake();
		}
		return this.isSettled;
	}

	/** Says what the last request failed with, or that it did not fail. */
	note(problem?: EarshotProblem): void {
		if (problem === this.#problem) return;
		this.#problem = problem;
		for (const listener of [...this.#listeners]) tell(() => listener.problem?.(problem));
	}

	fail(error: Error): void {
		if (this.isSettled) return;
		this.#error = error;
		this.#wake();
	}

	#change(): Promise<void> {
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	#wake(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const resolve of waiting) resolve();
	}
}
