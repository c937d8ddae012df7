import {describe, expect, it} from 'vitest';

import {callOnce, EarshotProblem} from '../src/http.ts';
import {FakeServer, type Reply} from './fakes.ts';

const url = 'http://server/v1/thing';

async function refusal(reply: Reply): Promise<EarshotProblem> {
	const server = new FakeServer();
	server.on('GET /v1/thing', () => reply);
	const error: unknown = await callOnce(server.fetch, url, {}).catch((caught: unknown) => caught);
	if (error instanceof EarshotProblem) return error;
	throw new Error('the call was not refused');
}

describe('a call to the server', () => {
	it('carries the token and a JSON body', async () => {
		const server = new FakeServer();
		server.on('POST /v1/thing', () => ({status: 202, body: {id: 'j1'}}));
		const call = {method: 'POST', body: {text: 'x'}, token: 't'};
		expect((await callOnce(server.fetch, url, call)).body).toEqual({id: 'j1'});
		const {headers, body} = server.seen[0]!;
		expect(body).toEqual({text: 'x'});
		expect(headers.get('authorization')).toBe('Bearer t');
		expect(headers.get('content-type')).toBe('application/json');
	});

	it('keeps all that a problem says, its fields too', async () => {
		const errors = [{pointer: '/text', detail: 'is empty'}];
		const body = {type: 'urn:earshot:problem:invalid-body', title: 'Invalid', detail: 'See errors.', errors};
		const problem = await refusal({status: 400, body});
		expect([problem.status, problem.type, problem.message]).toEqual([400, body.type, 'See errors.']);
		expect(problem.problem['errors']).toEqual(errors);
		expect(problem.isPassing).toBe(false);
	});

	it('reads Retry-After in seconds and as a date', async () => {
		const after = async (value: string) =>
			(await refusal({status: 503, headers: {'retry-after': value}})).retryAfter_ms;
		expect(await after('3')).toBe(3_000);
		expect(await after(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50_000);
		expect(await after(new Date(0).toUTCString())).toBe(0);
		expect(await after('soon')).toBeUndefined();
	});

	it.each([408, 429, 500, 502, 503])('may succeed later when it was answered %i', async (status) => {
		expect((await refusal(status)).isPassing).toBe(true);
	});

	it('tells that the server cannot be reached, as something that passes', async () => {
		const problem = await refusal(new TypeError('Failed to fetch'));
		expect([problem.status, problem.isPassing]).toEqual([0, true]);
		expect(problem.problem['title']).toBe('The server cannot be reached');
	});

	it('lets an abort of the caller through as it is', async () => {
		const fetcher: typeof fetch = async (_, init) => {
			init?.signal?.throwIfAborted();
			return new Response('{}');
		};
		const call = callOnce(fetcher, url, {signal: AbortSignal.abort()});
		await expect(call).rejects.toThrowError(expect.objectContaining({name: 'AbortError'}));
	});
});
