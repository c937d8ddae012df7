import {ApiError} from './api';
import {randomKey} from './random-key';
import type {Draft, JobAnswer} from './server';
import {sleep} from './waiting';
import {parseQuestion, type Job, type Question} from './wire';

export interface AskProblem {
	readonly title: string;
	readonly detail: string;
	/** False when the same words would be refused again. */
	readonly canRetry: boolean;
}

/** A question on its way: sending → accepted → gone from here as confirmed, or failed. */
export interface Ask {
	/** Names the row, and the request to the server: sent again, it is still the same question. */
	readonly key: string;
	readonly draft: Draft;
	readonly asked_at: string;
	readonly state: 'sending' | 'accepted' | 'failed';
	/** Known from 202 on. The question will have the same id. */
	readonly jobId?: string;
	readonly problem?: AskProblem;
}

export interface AskServer {
	ask(draft: Draft, idempotencyKey: string): Promise<JobAnswer>;
	job(id: string): Promise<JobAnswer>;
	question(id: string): Promise<Question>;
}

export interface AskListener {
	onAsks(asks: readonly Ask[]): void;
	onConfirmed(key: string, question: Question): void;
}

const pollFirst_ms = 250;
const pollMax_ms = 5_000;
const unsure: AskProblem = {
	title: 'Not sure it was sent',
	detail: 'The page was closed before the server answered.',
	canRetry: true,
};

/**
 * Every question that has been asked here and is not in the list yet. None leaves it unless it is
 * confirmed or discarded by hand, so no text is ever lost.
 *
 * A question is confirmed by whichever comes first: the push, the list, or its job.
 */
export class AskOutbox {
	#asks: readonly Ask[] = [];

	constructor(
		private readonly server: AskServer,
		private readonly listener: AskListener,
	) {}

	/** Takes up what an earlier life of the page left behind. */
	restore(asks: readonly Ask[]): void {
		this.#show(
			asks.map((ask) =>
				ask.state === 'sending' ? {...ask, state: 'failed', problem: unsure} : ask,
			),
		);
		for (const {key, state, jobId} of asks) {
			if (state === 'accepted' && jobId !== undefined) void this.#follow(key, jobId, pollFirst_ms);
		}
	}

	submit(draft: Draft): Promise<void> {
		const ask: Ask = {
			key: randomKey(),
			draft,
			asked_at: new Date().toISOString(),
			state: 'sending',
		};
		this.#show([ask, ...this.#asks]);
		return this.#send(ask);
	}

	async retry(key: string): Promise<void> {
		const ask = this.#find(key);
		if (ask?.state !== 'failed') return;
		// A job that has ended cannot be asked for again: what follows it is a request of its own.
		const nextKey = ask.jobId === undefined ? key : randomKey();
		const {draft, asked_at} = ask;
		const again: Ask = {key: nextKey, draft, asked_at, state: 'sending'};
		this.#show(this.#asks.map((other) => (other === ask ? again : other)));
		await this.#send(again);
	}

	/** Takes a failed question back; its draft is for the form, or for nobody. */
	take(key: string): Draft | undefined {
		const ask = this.#find(key);
		if (ask?.state !== 'failed') return undefined;
		this.#show(this.#asks.filter((other) => other !== ask));
		return ask.draft;
	}

	/** Tells of a question that was pushed or listed: it may be one of ours. */
	saw(question: Question): void {
		const ask = this.#asks.find(({jobId}) => jobId === question.id);
		if (ask) this.#confirm(ask.key, question);
	}

	async #send({key, draft}: Ask): Promise<void> {
		try {
			const {job, retryAfter_ms} = await this.server.ask(draft, key);
			const ask = this.#find(key);
			if (!ask) return;
			this.#replace({...ask, state: 'accepted', jobId: job.id});
			if (await this.#settle(key, job)) return;
			await this.#follow(key, job.id, retryAfter_ms ?? pollFirst_ms);
		} catch (error) {
			this.#fail(key, problemOf(error));
		}
	}

	/** Looks at the job until it is final, or the question has come by another way. */
	async #follow(key: string, jobId: string, wait_ms: number): Promise<void> {
		for (let looks = 0; ; looks++) {
			await sleep(wait_ms * (1 + Math.random() / 4));
			if (this.#find(key)?.jobId !== jobId) return;
			wait_ms = Math.min(pollMax_ms, pollFirst_ms * 2 ** looks);
			try {
				const {job, retryAfter_ms} = await this.server.job(jobId);
				if (await this.#settle(key, job)) return;
				wait_ms = Math.min(pollMax_ms, Math.max(wait_ms, retryAfter_ms ?? 0));
			} catch (error) {
				if (error instanceof ApiError && error.isPassing) continue;
				return this.#fail(key, problemOf(error));
			}
		}
	}

	/** True when the job is final. */
	async #settle(key: string, job: Job): Promise<boolean> {
		if (job.state === 'completed') {
			this.#confirm(key, await this.#questionOf(job));
			return true;
		}
		if (job.state !== 'discarded' && job.state !== 'cancelled') return false;
		const problem = job.problem ?? {title: 'The question was not taken', detail: ''};
		this.#fail(key, {...problem, canRetry: true});
		return true;
	}

	async #questionOf(job: Job): Promise<Question> {
		try {
			return parseQuestion(job.result);
		} catch {
			return this.server.question(job.id);
		}
	}

	#confirm(key: string, question: Question): void {
		if (!this.#find(key)) return;
		this.listener.onConfirmed(key, {...question, mine: true});
		this.#show(this.#asks.filter((ask) => ask.key !== key));
	}

	#fail(key: string, problem: AskProblem): void {
		const ask = this.#find(key);
		if (ask) this.#replace({...ask, state: 'failed', problem});
	}

	#find(key: string): Ask | undefined {
		return this.#asks.find((ask) => ask.key === key);
	}

	#replace(ask: Ask): void {
		this.#show(this.#asks.map((other) => (other.key === ask.key ? ask : other)));
	}

	#show(asks: readonly Ask[]): void {
		this.#asks = asks;
		this.listener.onAsks(asks);
	}
}

function problemOf(error: unknown): AskProblem {
	if (!(error instanceof ApiError)) {
		return {title: 'Something went wrong', detail: String(error), canRetry: true};
	}
	const details = [error.detail, ...error.fields.map(({detail}) => detail)];
	const wait_s = Math.ceil((error.retryAfter_ms ?? 0) / 1_000);
	const wait = wait_s > 0 ? `Try again in ${wait_s} s.` : '';
	const detail = [...new Set([...details, wait])].filter(Boolean).join(' ');
	return {title: error.title, detail, canRetry: error.isPassing || error.status === 401};
}
