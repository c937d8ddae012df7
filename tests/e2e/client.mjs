import {record} from './exchanges.mjs';
import {until} from './until.mjs';

export const sanFrancisco = {lat: 37.7793, lon: -122.4193};

// The service promises an answer well before; a request that hangs is a failure of its own.
const deadline_ms = 10_000;

/** One HTTP request: status, headers, and the body as JSON where it is JSON. */
export async function request(url, {method = 'GET', token, body, headers = {}} = {}) {
	const answer = await fetch(url, {
		method,
		headers: {
			...(token && {authorization: `Bearer ${token}`}),
			...(body !== undefined && {'content-type': 'application/json'}),
			...headers,
		},
		body: body === undefined ? undefined : JSON.stringify(body),
		signal: AbortSignal.timeout(deadline_ms),
	});
	const text = await answer.text();
	const isJson = /[/+]json\b/.test(answer.headers.get('content-type') ?? '');
	const result = {
		status: answer.status,
		headers: answer.headers,
		body: isJson && text !== '' ? JSON.parse(text) : text,
	};
	record({method, path: new URL(url).pathname, asked: body, ...result});
	return result;
}

/** A guest of a server. */
export class Client {
	static async guest(server) {
		const {status, body} = await request(`${server.url}/v1/guests`, {method: 'POST'});
		if (status !== 201) throw new Error(`no guest token, but ${status}`);
		return new Client(server.url, body);
	}

	constructor(url, {token, sub}) {
		this.url = url;
		this.token = token;
		this.sub = sub;
	}

	request(path, options) {
		return request(`${this.url}${path}`, {token: this.token, ...options});
	}

	get(path) {
		return this.request(path);
	}

	/** POST /v1/questions, whatever comes of it. */
	ask(text, place = sanFrancisco) {
		return this.request('/v1/questions', {method: 'POST', body: {text, kind: 'stars', ...place}});
	}

	/** Asks, and returns the id. Errors: it was not accepted. */
	async asked(text, place) {
		const {status, body} = await this.ask(text, place);
		if (status !== 202) throw new Error(`asking was answered ${status}: ${JSON.stringify(body)}`);
		return body.id;
	}

	/** The finished job. */
	finished(id, within_s) {
		return until(
			`job ${id} is final`,
			async () => {
				const {body} = await this.get(`/v1/jobs/${id}`);
				return ['completed', 'discarded', 'cancelled'].includes(body.state) && body;
			},
			within_s,
		);
	}

	async broker() {
		return (await this.get('/v1/broker')).body;
	}
}

/** `count` places in the cell 9q8y, each in another 5-letter area as far as there are so many. */
export function placesAround(count) {
	return Array.from({length: count}, (_, i) => ({
		lat: 37.63 + 0.045 * (i % 4),
		lon: -122.68 + 0.045 * (Math.floor(i / 4) % 8),
	}));
}
