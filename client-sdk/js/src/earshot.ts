import type {Circle} from './geo/point.ts';
import {Http, type CallOptions} from './http.ts';
import type {Job} from './job.ts';
import {Jobs, type SubmitOptions} from './jobs.ts';
import {Line} from './line/line.ts';
import {Feed, type FeedDefinition} from './near.ts';
import {browserWake, systemClock, type Clock, type OnWake, type Store, type Transport} from './ports.ts';
import {TokenSource, type GetToken} from './token-source.ts';

export interface EarshotOptions {
	/** The server's, as `https://earshot.example`. */
	readonly url: string;
	/** A token, or where to get one: called again before the token ends. */
	readonly token: string | GetToken;
	/** Where commands on their way survive a reload: `localStorage`, say. */
	readonly store?: Store;
	readonly transport?: Transport;
	readonly fetch?: typeof fetch;
	readonly clock?: Clock;
	readonly random?: () => number;
	/** How to notice that somebody came back; by default the page's and the network's events. */
	readonly onWake?: OnWake;
}

/** MQTT.js is larger than all the rest, so it comes with the first connection. */
const mqttWhenNeeded: Transport = {
	connect: async (...args) => {
		const {MqttTransport} = await import('./mqtt-transport.ts');
		return new MqttTransport().connect(...args);
	},
};

/** A server, as one caller sees it: feeds and jobs, all over one connection. */
export class Earshot {
	readonly #parts: {http: Http; line: Line; clock: Clock; random: () => number};
	readonly #jobs: Jobs;
	readonly #feeds = new Set<Feed<never>>();
	readonly #stopListening: () => void;

	constructor(options: EarshotOptions) {
		const clock = options.clock ?? systemClock;
		const random = options.random ?? Math.random;
		const tokens = new TokenSource(options.token);
		const fetcher: typeof fetch = options.fetch ?? ((...args) => fetch(...args));
		const http = new Http(options.url, tokens, fetcher);
		const line = new Line({
			http,
			transport: options.transport ?? mqttWhenNeeded,
			clock,
			renew: (ending) => tokens.replace(ending),
			random,
		});
		this.#parts = {http, line, clock, random};
		this.#jobs = new Jobs({...this.#parts, store: options.store});
		this.#stopListening = (options.onWake ?? browserWake)(() => this.wake());
	}

	/** What happens in a circle, from now on; `close` the feed when it is not needed any more. */
	near<State>(circle: Circle, definition: FeedDefinition<State>): Feed<State> {
		const feed: Feed<State> = new Feed(circle, definition, this.#parts, () =>
			this.#feeds.delete(feed as unknown as Feed<never>),
		);
		this.#feeds.add(feed as unknown as Feed<never>);
		return feed;
	}

	/**
	 * Hands a command in, and resolves when the server has it on disk. It is sent again until there
	 * is an answer, and is carried out once.
	 */
	async submit(method: string, path: string, body?: unknown, options?: SubmitOptions): Promise<Job> {
		const job = this.send(method, path, body, options);
		await job.accepted();
		return job;
	}

	/** The same without waiting: `job.accepted()` tells when the server has it on disk. */
	send(method: string, path: string, body?: unknown, options?: SubmitOptions): Job {
		return this.#jobs.submit(method, path, body, options);
	}

	/** Commands that have not ended, also of an earlier life of the page when there is a store. */
	get pendingJobs(): readonly Job[] {
		return this.#jobs.pending;
	}

	/** JSON of any route, with the caller's token. */
	async get(path: string, options?: CallOptions): Promise<unknown> {
		return (await this.#parts.http.call(path, options)).body;
	}

	/** Looks at once whether connections stand and whether anything was missed. */
	wake(): void {
		this.#parts.line.wake();
		for (const feed of this.#feeds) feed.wake();
		this.#jobs.wake();
	}

	close(): void {
		this.#stopListening();
		for (const feed of [...this.#feeds]) feed.close();
		this.#jobs.close();
		this.#parts.line.close();
	}
}
