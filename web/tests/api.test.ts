import {afterEach, describe, expect, it, vi} from 'vitest';

import {ApiError, callApi} from '../src/api';

function serverAnswers(status: number, body: string, headers: Record<string, string> = {}): void {
	vi.stubGlobal('fetch', async () => new Response(body, {status, headers}));
}

async function refusal(): Promise<ApiError> {
	const error: unknown = await callApi('/v1/questions').catch((caught: unknown) => caught);
	if (error instanceof ApiError) return error;
	throw new Error('the call was not refused');
}

afterEach(() => vi.unstubAllGlobals());

describe('a call to the server', () => {
	it('carries the token and a JSON body', async () => {
		const fetched = vi.fn(
			async (_: string, __: RequestInit) => new Response('{"id":"j1"}', {status: 202}),
		);
		vi.stubGlobal('fetch', fetched);
		const answer = await callApi('/v1/questions', {method: 'POST', body: {text: 'x'}, token: 't'});
		expect(answer.body).toEqual({id: 'j1'});
		expect(fetched.mock.calls[0]?.[1]).toMatchObject({
			method: 'POST',
			body: '{"text":"x"}',
			headers: {authorization: 'Bearer t', 'content-type': 'application/json'},
		});
	});

	it('maps a problem to its title, detail and fields', async () => {
		const errors = [{pointer: '/text', detail: 'is empty'}];
		serverAnswers(400, JSON.stringify({title: 'Invalid', detail: 'See errors.', errors}));
		const error = await refusal();
		expect(error).toMatchObject({status: 400, title: 'Invalid', detail: 'See errors.'});
		expect(error.fields).toEqual(errors);
		expect(error.isPassing).toBe(false);
	});

	it('reads Retry-After in seconds and as a date', async () => {
		serverAnswers(429, '{}', {'retry-after': '3'});
		expect((await refusal()).retryAfter_ms).toBe(3_000);
		serverAnswers(503, '{}', {'retry-after': new Date(Date.now() + 60_000).toUTCString()});
		expect((await refusal()).retryAfter_ms).toBeGreaterThan(50_000);
	});

	it.each([
		[429, 'Too many requests'],
		[502, 'The server is busy'],
		[418, 'The server refused (418)'],
	])('has a title for %i without a problem body', async (status, title) => {
		serverAnswers(status, '<html>nginx</html>');
		expect((await refusal()).title).toBe(title);
	});

	it('tells that the server cannot be reached, as something that passes', async () => {
		vi.stubGlobal('fetch', async () => {
			throw new TypeError('Failed to fetch');
		});
		const error = await refusal();
		expect(error.status).toBe(0);
		expect(error.isPassing).toBe(true);
	});

	it('lets an abort of the caller through as it is', async () => {
		vi.stubGlobal('fetch', async (_: string, {signal}: RequestInit) => signal?.throwIfAborted());
		const call = callApi('/v1/cover', {signal: AbortSignal.abort()});
		await expect(call).rejects.toThrowError(expect.objectContaining({name: 'AbortError'}));
	});
});
