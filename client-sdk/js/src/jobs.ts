import {pause_ms} from './backoff.ts';
import {EarshotProblem, type Http} from './http.ts';
import {isFields, parseJson} from './feed/event.ts';
import {Job, parseJob} from './job.ts';
import type {Line} from './line/line.ts';
import type {Clock, Store} from './ports.ts';
import {randomKey} from './random-key.ts';
import {asError} from './tell.ts';

export interface SubmitOptions {
	/** Instead of a random one, where the command has a name of its own. */
	readonly idempotencyKey?: string;
}

/** A command as it is kept until its job has ended. */
interface Entry {
	readonly key: string;
	readonly method: string;
	readonly path: string;
	readonly body: unknown;
	readonly submitted_at: string;
	/** Known once the server has accepted it. */
	readonly id?: string;
}

interface JobParts {
	readonly http: Http;
	readonly line: Line;
	readonly clock: Clock;
	readonly store: Store | undefined;
	readonly random: () => number;
}

const storeKey = 'earshot.jobs';
const openMax = 100;
const wait_s = 25;
const checkEvery_ms = 30_000; // A push may be lost.
// The server keeps a key to the end of the next day, so for a day at least.
const keyLife_ms = 24 * 3_600_000;

/** Commands, from being handed in to their end; those that are kept survive a reload. */
export class Jobs {
	readonly #parts: JobParts;
	readonly #open = new Map<string, {entry: Entry; job: Job}>();
	readonly #wakers = new Set<() => void>();
	#isClosed = false;

	constructor(parts: JobParts) {
		this.#parts = parts;
		for (const entry of this.#load()) this.#begin(entry);
	}

	/** Jobs that have not ended, those of an earlier life of the page among them. */
	get pending(): Job[] {
		return [...this.#open.values()].map(({job}) => job);
	}

	submit(method: string, path: string, body: unknown, options: SubmitOptions = {}): Job {
		if (this.#open.size >= openMax) throw new Error(`${openMax} commands are on their way already`);
		const key = options.idempotencyKey ?? randomKey() + randomKey();
		const known = this.#open.get(key);
		if (known) return known.job;
		return this.#begin({key, method, path, body, submitted_at: new Date().toISOString()});
	}

	wake(): void {
		for (const wake of [...this.#wakers]) wake();
	}

	close(): void {
		this.#isClosed = true;
		this.wake();
	}

	#begin(entry: Entry): Job {
		const job = new Job(entry.key, (ended) => this.#cancel(ended));
		this.#open.set(entry.key, {entry, job});
		this.#save();
		void this.#carry(entry, job);
		return job;
	}

	async #carry(entry: Entry, job: Job): Promise<void> {
		try {
			const id = entry.id ?? (await this.#handIn(entry, job));
			if (id !== undefined) await this.#follow(id, job);
		} catch (error) {
			job.fail(asError(error));
		}
		if (this.#isClosed) return; // It goes on in the next life.
		this.#open.delete(entry.key);
		this.#save();
	}

	/** Sends it until there is an answer; under its key it stays one command, however often. */
	async #handIn(entry: Entry, job: Job): Promise<string | undefined> {
		const headers = {'idempotency-key': `"${entry.key}"`};
		for (let failures = 0; !this.#isClosed; failures++) {
			if (Date.now() - Date.parse(entry.submitted_at) > keyLife_ms) {
				throw new EarshotProblem(0, {title: 'Too late to send it again without doing it twice'});
			}
			try {
				const {method, path, body} = entry;
				const view = parseJob((await this.#parts.http.call(path, {method, body, headers})).body);
				if (!view) throw new EarshotProblem(0, {title: 'The server sent no job'});
				this.#open.set(entry.key, {entry: {...entry, id: view.id}, job});
				this.#save();
				job.note();
				job.show(view);
				return view.id;
			} catch (error) {
				await this.#bear(error, job, failures);
			}
		}
		return undefined;
	}

	/**
	 * Follows the job to its end. The resource is the truth, and what is pushed makes it quick; where
	 * nothing can be pushed, the request is held by the server.
	 */
	async #follow(id: string, job: Job): Promise<void> {
		let etag = '';
		let failures = 0;
		const push = this.#listen(job);
		try {
			while (!job.isSettled && !this.#isClosed) {
				try {
					etag = await this.#look(id, job, etag, push.isGranted ? 0 : wait_s);
					failures = 0;
					job.note();
				} catch (error) {
					await this.#bear(error, job, failures++, push);
					continue;
				}
				push.isTold = false;
				push.subscribe(job);
				// A server that does not hold requests would otherwise be asked without a pause.
				if (!job.isSettled) await this.#pause(push.isGranted ? checkEvery_ms : 1_000, push);
			}
		} finally {
			push.leave();
		}
	}

	async #look(id: string, job: Job, etag: string, hold_s: number): Promise<string> {
		const headers: Record<string, string> = {};
		if (etag) headers['if-none-match'] = etag;
		if (etag && hold_s > 0) headers['prefer'] = `wait=${hold_s}`;
		const path = `/v1/jobs/${encodeURIComponent(id)}`;
		const answer = await this.#parts.http.call(path, {headers, deadline_ms: hold_s * 1_000});
		if (answer.status === 304) return etag;
		const view = parseJob(answer.body);
		if (view) job.show(view);
		return answer.headers.get('etag') ?? '';
	}

	/** Listens on the job's topic, as soon as it is known. */
	#listen(job: Job): Push {
		const push: Push = {
			isGranted: false,
			isTold: false,
			wake: () => {},
			subscribe: ({view}) => {
				if (!view?.topic || topic !== '') return;
				topic = view.topic;
				place.want([topic]);
			},
			leave: () => place.leave(),
		};
		let topic = '';
		const place = this.#parts.line.join({
			onMessage: (from, payload) => {
				const view = from === topic ? parseJob(parseJson(payload)) : undefined;
				if (!view || view.version <= (job.view?.version ?? -1)) return;
				if (!view.truncated) job.show(view);
				tell();
			},
			onGranted: (filters) => {
				if (!filters.includes(topic)) return;
				push.isGranted = true;
				tell(); // What was said before is not said again.
			},
			onRefused: () => (push.isGranted = false),
		});
		const tell = () => {
			push.isTold = true;
			push.wake();
		};
		return push;
	}

	async #cancel(job: Job): Promise<void> {
		try {
			const path = `/v1/jobs/${encodeURIComponent(job.id!)}`;
			const view = parseJob((await this.#parts.http.call(path, {method: 'DELETE'})).body);
			if (view) job.show(view);
		} catch (error) {
			// It has ended meanwhile: how, it will show.
			if (!(error instanceof EarshotProblem && error.status === 409)) throw error;
		}
		this.wake();
	}

	/** Waits until a request may be made again that failed with a passing error; throws any other. */
	async #bear(error: unknown, job: Job, failures: number, push?: Push): Promise<void> {
		if (!(error instanceof EarshotProblem && error.isPassing)) throw error;
		job.note(error);
		await this.#pause(pause_ms(error.retryAfter_ms, failures, this.#parts.random), push);
	}

	/** Ends early when somebody comes back, or when the push has something. */
	#pause(ms: number, push?: Push): Promise<void> {
		return new Promise((resolve) => {
			const end = () => {
				cancel();
				this.#wakers.delete(end);
				if (push) push.wake = () => {};
				resolve();
			};
			const cancel = this.#parts.clock.after(push?.isTold ? 0 : ms, end);
			this.#wakers.add(end);
			if (push) push.wake = end;
			if (this.#isClosed) end();
		});
	}

	#load(): Entry[] {
		try {
			const stored: unknown = JSON.parse(this.#parts.store?.getItem(storeKey) ?? '[]');
			const isEntry = (value: unknown): value is Entry =>
				isFields(value) && typeof value['key'] === 'string' && typeof value['path'] === 'string';
			return Array.isArray(stored) ? stored.filter(isEntry).slice(0, openMax) : [];
		} catch {
			return [];
		}
	}

	#save(): void {
		try {
			const entries = [...this.#open.values()].map(({entry}) => entry);
			if (entries.length > 0) this.#parts.store?.setItem(storeKey, JSON.stringify(entries));
			else this.#parts.store?.removeItem(storeKey);
		} catch {
			// Without storage jobs do not survive a reload; they go on all the same.
		}
	}
}

interface Push {
	/** Whether the broker sends what becomes of the job. */
	isGranted: boolean;
	/** Whether it has sent something that has not been looked into. */
	isTold: boolean;
	wake: () => void;
	subscribe(job: Job): void;
	leave(): void;
}
