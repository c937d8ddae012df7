import type {Earshot, Job} from '@earshot/client';

import {problemOf, type Problem} from './problem';
import {parseQuestion, type Kind, type Question} from './wire';

/** What a person is about to ask, and where. */
export interface Draft {
	readonly text: string;
	readonly kind: Kind;
	readonly lat: number;
	readonly lon: number;
}

/** A question on its way: sending → accepted → gone from here as confirmed, or failed. */
export interface Ask {
	/** Names the row, and the command to the server: sent again, it is still the same question. */
	readonly key: string;
	readonly draft: Draft;
	readonly asked_at: string;
	readonly state: 'sending' | 'accepted' | 'failed';
	/** Known once it is accepted. The question will have the same id. */
	readonly jobId?: string;
	/** Why it failed; or, while it is being sent, why that takes so long. */
	readonly problem?: Problem | undefined;
}

export interface AskListener {
	onAsks(asks: readonly Ask[]): void;
	onConfirmed(key: string, question: Question): void;
}

const path = '/v1/questions';
const unsure: Problem = {
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
		private readonly earshot: Pick<Earshot, 'send' | 'pendingJobs'>,
		private readonly listener: AskListener,
	) {}

	/** Takes up what an earlier life of the page left behind. */
	restore(asks: readonly Ask[]): void {
		const jobs = new Map(this.earshot.pendingJobs.map((job) => [job.key, job]));
		const isLost = ({key, state}: Ask) => state !== 'failed' && !jobs.has(key);
		this.#show(
			asks.map((ask) => (isLost(ask) ? {...ask, state: 'failed', problem: unsure} : ask)),
		);
		for (const {key, state} of this.#asks) {
			if (state !== 'failed') void this.#follow(jobs.get(key)!);
		}
	}

	/** Throws when there is no room for more; then nothing has happened. */
	submit(draft: Draft): void {
		const job = this.earshot.send('POST', path, draft);
		const asked_at = new Date().toISOString();
		this.#show([{key: job.key, draft, asked_at, state: 'sending'}, ...this.#asks]);
		void this.#follow(job);
	}

	/** Throws as `submit` does. */
	retry(key: string): void {
		const ask = this.#find(key);
		if (ask?.state !== 'failed') return;
		const {draft, asked_at, jobId} = ask;
		// A job that has ended cannot be asked for again: what follows it is a command of its own.
		const options = jobId === undefined ? {idempotencyKey: key} : {};
		const job = this.earshot.send('POST', path, draft, options);
		this.#replace(ask, {key: job.key, draft, asked_at, state: 'sending'});
		void this.#follow(job);
	}

	/** Takes a failed question back; its draft is for the form, or for nobody. */
	take(key: string): Draft | undefined {
		const ask = this.#find(key);
		if (ask?.state !== 'failed') return undefined;
		this.#show(this.#asks.filter((other) => other !== ask));
		return ask.draft;
	}

	/** Tells of questions that were pushed or listed: some may be ours. */
	saw(questions: readonly Question[]): void {
		for (const {key, jobId} of this.#asks) {
			const question = questions.find(({id}) => id === jobId);
			if (question) this.#confirm(key, question);
		}
	}

	async #follow(job: Job): Promise<void> {
		const {key} = job;
		job.listen({
			problem: (problem) => {
				const ask = this.#find(key);
				// What is accepted is durable there, and waits for nothing.
				if (ask?.state !== 'sending') return;
				this.#replace(ask, {...ask, problem: problem && problemOf(problem)});
			},
		});
		try {
			const {id} = await job.accepted();
			const ask = this.#find(key);
			if (ask) this.#replace(ask, {...ask, state: 'accepted', jobId: id, problem: undefined});
			this.#confirm(key, parseQuestion(await job.result()));
		} catch (error) {
			const ask = this.#find(key);
			if (ask) this.#replace(ask, {...ask, state: 'failed', problem: problemOf(error)});
		}
	}

	#confirm(key: string, question: Question): void {
		if (!this.#find(key)) return;
		this.listener.onConfirmed(key, {...question, mine: true});
		this.#show(this.#asks.filter((ask) => ask.key !== key));
	}

	#find(key: string): Ask | undefined {
		return this.#asks.find((ask) => ask.key === key);
	}

	#replace(ask: Ask, by: Ask): void {
		this.#show(this.#asks.map((other) => (other === ask ? by : other)));
	}

	#show(asks: readonly Ask[]): void {
		this.#asks = asks;
		this.listener.onAsks(asks);
	}
}
