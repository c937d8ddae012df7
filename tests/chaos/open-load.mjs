import {Agent, request} from 'node:http';

import {placesAround} from '../e2e/client.mjs';

const tick_ms = 5;

/**
 * Questions at a fixed rate, however long the answers take: as a crowd asks, which does not know
 * about each other. (A load that waits for answers before it asks again hides every stall.)
 *
 * Every request leaves `{at_ms, took_ms, status, id, retryAfter}`, or `{at_ms, took_ms, error}`.
 */
export class OpenLoad {
	asked = [];
	#agent = new Agent({keepAlive: true, maxFreeSockets: 512, timeout: 20_000});
	#places = placesAround(32);
	#open = 0;
	#timer;

	constructor(client, rate) {
		this.client = client;
		this.rate = rate;
		const start_ms = performance.now();
		let sent = 0;
		this.#timer = setInterval(() => {
			const due = Math.floor(((performance.now() - start_ms) * rate) / 1_000);
			for (; sent < due; sent++) this.#ask(sent);
		}, tick_ms);
	}

	#ask(n) {
		const asked = {at_ms: Date.now()};
		this.asked.push(asked);
		this.#open++;
		const settle = (facts) => {
			if (asked.took_ms !== undefined) return; // A second error of the same request.
			Object.assign(asked, facts, {took_ms: Date.now() - asked.at_ms});
			this.#open--;
		};
		const body = JSON.stringify({text: `open ${n}`, kind: 'stars', ...this.#places[n % 32]});
		const outgoing = request(`${this.client.url}/v1/questions`, {
			method: 'POST',
			agent: this.#agent,
			headers: {
				authorization: `Bearer ${this.client.token}`,
				'content-type': 'application/json',
				'content-length': Buffer.byteLength(body),
			},
		});
		outgoing.once('error', (error) => settle({error: error.message}));
		outgoing.once('response', (answer) => {
			let text = '';
			answer.setEncoding('utf8').on('data', (part) => (text += part));
			answer.once('error', (error) => settle({error: error.message}));
			answer.once('end', () => {
				const retryAfter = answer.headers['retry-after'];
				const isJson = /[/+]json\b/.test(answer.headers['content-type'] ?? '');
				settle({status: answer.statusCode, retryAfter, body: isJson ? JSON.parse(text) : {}});
			});
		});
		outgoing.end(body);
	}

	/** What was asked in a span of time. */
	askedBetween(from_ms, to_ms) {
		return this.asked.filter(({at_ms}) => at_ms >= from_ms && at_ms < to_ms);
	}

	/** Asks no more, and waits for what is open; what has no answer after `within_s` never gets one. */
	async end(within_s = 30) {
		clearInterval(this.#timer);
		const end_ms = Date.now() + within_s * 1_000;
		while (this.#open > 0 && Date.now() < end_ms) {
			await new Promise((resolve) => setTimeout(resolve, 25));
		}
		for (const asked of this.asked) asked.took_ms ??= Infinity;
		this.#agent.destroy();
	}
}
