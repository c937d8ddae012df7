import {ApiError, callApi, type Answer, type Call} from './api';
import type {Area} from './place';
import {Session} from './session';
import {
	parseBroker,
	parseCover,
	parseGuest,
	parseJob,
	parseQuestion,
	parseSnapshot,
	type Broker,
	type Cover,
	type Job,
	type Kind,
	type Question,
	type Snapshot,
} from './wire';

/** What a person is about to ask, and where. */
export interface Draft {
	readonly text: string;
	readonly kind: Kind;
	readonly lat: number;
	readonly lon: number;
}

/** A job, and when the server suggests to look at it again. */
export interface JobAnswer {
	readonly job: Job;
	readonly retryAfter_ms: number | undefined;
}

/** The routes that this page uses, typed, with the caller's token on each. */
export class Server {
	readonly #session: Session;

	constructor(storage: Storage | undefined) {
		const fetchGuest = async (token: string | undefined) =>
			parseGuest((await callApi('/v1/guests', {method: 'POST', token})).body);
		this.#session = new Session(fetchGuest, storage);
	}

	async cover(area: Area, signal: AbortSignal): Promise<Cover> {
		return parseCover((await this.#call(`/v1/cover?${areaFields(area)}`, {signal})).body);
	}

	async broker(signal: AbortSignal): Promise<Broker> {
		return parseBroker((await this.#call('/v1/broker', {signal})).body);
	}

	/** The newest questions of an area, or those after `cursor`. */
	async questions(area: Area, signal?: AbortSignal, cursor?: string): Promise<Snapshot> {
		const page = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
		const answer = await this.#call(`/v1/questions?${areaFields(area)}${page}`, {signal});
		return parseSnapshot(answer.body);
	}

	async question(id: string): Promise<Question> {
		return parseQuestion((await this.#call(`/v1/questions/${encodeURIComponent(id)}`)).body);
	}

	/**
	 * Hands the question in; what comes back is its job, whose id the question will have. The same
	 * key again gives the same job.
	 */
	async ask(draft: Draft, idempotencyKey: string): Promise<JobAnswer> {
		const call: Call = {method: 'POST', body: draft, idempotencyKey};
		return jobAnswer(await this.#call('/v1/questions', call));
	}

	async job(id: string): Promise<JobAnswer> {
		return jobAnswer(await this.#call(`/v1/jobs/${encodeURIComponent(id)}`));
	}

	/** A new token for the same person, in place of one that is about to end. */
	renewToken(ending: string): Promise<string> {
		return this.#session.replace(ending);
	}

	async #call(path: string, call: Call = {}): Promise<Answer> {
		const token = await this.#session.token();
		try {
			return await callApi(path, {...call, token});
		} catch (error) {
			if (!(error instanceof ApiError && error.status === 401)) throw error;
			return callApi(path, {...call, token: await this.#session.replace(token)});
		}
	}
}

function areaFields({lat, lon, radius_m}: Area): string {
	return `lat=${lat}&lon=${lon}&radius_m=${radius_m}`;
}

function jobAnswer({body, retryAfter_ms}: Answer): JobAnswer {
	return {job: parseJob(body), retryAfter_ms};
}
