import {afterEach, beforeEach, expect, it, vi} from 'vitest';

import {Earshot, EarshotProblem, JobFailed} from '../src/index.ts';
import {FakeServer, FakeStore, FakeTransport} from './fakes.ts';

const topic = 'earshot/v1/users/me/jobs/j1';

let server: FakeServer;
let transport: FakeTransport;
let store: FakeStore;
let earshot: Earshot;

function job(state: string, version: number, more: object = {}) {
	const empty = {attempt: 1, max_attempts: 5, progress: null, partial: [], result: null, problem: null};
	return {id: 'j1', kind: 'echo.say', state, version, ...empty, topic, ...more};
}

function begin(): Earshot {
	return new Earshot({
		url: 'http://server',
		token: 'token-1',
		transport,
		store,
		fetch: server.fetch,
		random: () => 0.5,
		onWake: () => () => {},
	});
}

beforeEach(() => {
	vi.useFakeTimers();
	server = new FakeServer();
	server.on('POST /v1/echo', () => ({status: 202, body: job('available', 1)}));
	server.on('GET /v1/jobs/j1', () => ({body: job('available', 1), headers: {etag: '"1"'}}));
	transport = new FakeTransport();
	store = new FakeStore();
	earshot = begin();
});

afterEach(() => {
	earshot.close();
	vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it('a lost answer is asked for again under the same key', async () => {
	let tries = 0;
	server.on('POST /v1/echo', () => {
		if (++tries < 3) return tries === 1 ? new TypeError('connection lost') : 503;
		return {status: 202, body: job('available', 1)};
	});
	const submitted = earshot.submit('POST', '/v1/echo', {text: 'hello'});
	await pass(5_000);
	expect((await submitted).id).toBe('j1');
	const sent = server.seen.filter(({method}) => method === 'POST');
	expect(sent.length).toBe(3);
	expect(new Set(sent.map(({headers}) => headers.get('idempotency-key'))).size).toBe(1);
	expect(sent[0]!.headers.get('idempotency-key')).toMatch(/^"[0-9a-z]{20}"$/);
	expect(sent[2]!.body).toEqual({text: 'hello'});
});

it('a refusal is final, and is told with what the server says', async () => {
	server.on('POST /v1/echo', () => ({
		status: 400,
		body: {type: 'urn:earshot:problem:invalid-body', detail: 'Correct it.'},
	}));
	const refused = earshot.submit('POST', '/v1/echo', {}).catch((error: unknown) => error);
	await pass(60_000);
	const problem = (await refused) as EarshotProblem;
	expect(problem).toBeInstanceOf(EarshotProblem);
	expect([problem.status, problem.type]).toEqual([400, 'urn:earshot:problem:invalid-body']);
	expect(server.count('POST /v1/echo')).toBe(1);
	expect(earshot.pendingJobs).toEqual([]);
});

it('the end is pushed, and views in between come one after the other', async () => {
	const accepted = await earshot.submit('POST', '/v1/echo', {text: 'hello'});
	const views: Array<[string, number]> = [];
	const reading = (async () => {
		for await (const {state, version} of accepted) views.push([state, version]);
	})();
	await pass(1_100);
	const asked = server.count('GET /v1/jobs/j1');
	transport.current.push(topic, job('running', 3, {progress: {percent: 40, note: 'half'}}));
	await pass(1);
	expect(accepted.view?.progress?.percent).toBe(40);
	transport.current.push(topic, job('running', 2));
	await pass(1);
	transport.current.push(topic, job('completed', 4, {result: {note: 'hello'}}));
	await pass(1);
	await reading;
	expect(views).toEqual([['available', 1], ['running', 3], ['completed', 4]]);
	expect(await accepted.result()).toEqual({note: 'hello'});
	expect(server.count('GET /v1/jobs/j1')).toBeLessThanOrEqual(asked + 1);
	expect(store.items.size).toBe(0);
});

it('a push that leaves out the result has it fetched', async () => {
	const accepted = await earshot.submit('POST', '/v1/echo', {});
	await pass(1_100);
	server.on('GET /v1/jobs/j1', () => ({body: job('completed', 2, {result: 'long'}), headers: {etag: '"2"'}}));
	transport.current.push(topic, {...job('completed', 2), truncated: true});
	await pass(100);
	expect(await accepted.result()).toBe('long');
});

it('without the broker the job is asked for, on condition that it has changed', async () => {
	transport.isBlocked = true;
	const accepted = await earshot.submit('POST', '/v1/echo', {});
	server.on('GET /v1/jobs/j1', ({headers}) =>
		headers.get('if-none-match') === '"1"' ? 304 : {body: job('available', 1), headers: {etag: '"1"'}},
	);
	await pass(3_000);
	const conditional = server.seen.filter(({headers}) => headers.has('if-none-match'));
	expect(conditional.length).toBeGreaterThan(0);
	expect(conditional[0]!.headers.get('prefer')).toBe('wait=25');
	server.on('GET /v1/jobs/j1', () => ({
		body: job('discarded', 2, {problem: {title: 'No', detail: 'Not today.'}}),
	}));
	await pass(3_000);
	const failure = await accepted.result().catch((error: unknown) => error);
	expect(failure).toBeInstanceOf(JobFailed);
	expect((failure as JobFailed).message).toBe('Not today.');
});

it('a lost push is made up for within half a minute', async () => {
	const accepted = await earshot.submit('POST', '/v1/echo', {});
	await pass(2_000);
	server.on('GET /v1/jobs/j1', () => ({body: job('completed', 2, {result: 1})}));
	await pass(30_000);
	expect(await accepted.result()).toBe(1);
});

it('cancelling asks the server, and what it says is the end', async () => {
	const accepted = await earshot.submit('POST', '/v1/echo', {});
	server.on('DELETE /v1/jobs/j1', () => ({body: job('cancelled', 2)}));
	await accepted.cancel();
	await expect(accepted.result()).rejects.toThrow('cancelled');
	expect(server.count('DELETE /v1/jobs/j1')).toBe(1);
});

it('a job survives a reload, accepted or not', async () => {
	server.on('POST /v1/echo', () => 503);
	void earshot.submit('POST', '/v1/echo', {text: 'a'}).catch(() => {});
	await pass(100);
	earshot.close();
	const key = server.seen.find(({method}) => method === 'POST')!.headers.get('idempotency-key');
	server.on('POST /v1/echo', ({headers}) =>
		headers.get('idempotency-key') === key ? {status: 202, body: job('available', 1)} : 400,
	);
	earshot = begin();
	await pass(100);
	expect(earshot.pendingJobs.map(({id}) => id)).toEqual(['j1']);
	earshot.close();
	server.on('GET /v1/jobs/j1', () => ({body: job('completed', 2, {result: 'done'})}));
	const posts = server.count('POST /v1/echo');
	earshot = begin();
	const [again] = earshot.pendingJobs;
	await pass(100);
	expect(await again!.result()).toBe('done');
	expect(server.count('POST /v1/echo')).toBe(posts);
});

it('what nobody answered for a day is not sent again', async () => {
	const old = {method: 'POST', path: '/v1/echo', body: {}, submitted_at: '2020-01-01T00:00:00Z'};
	store.items.set('earshot.jobs', JSON.stringify([{key: 'k', ...old}]));
	earshot.close();
	earshot = begin();
	const [late] = earshot.pendingJobs;
	await expect(late!.result()).rejects.toThrow('Too late');
	expect(server.count('POST /v1/echo')).toBe(0);
});

it('a job is there before its answer, and tells what keeps it until that has passed', async () => {
	server.on('POST /v1/echo', () => ({status: 503, body: {title: 'Busy'}, headers: {'retry-after': '2'}}));
	const sent = earshot.send('POST', '/v1/echo', {text: 'hello'});
	const told: Array<string | undefined> = [];
	const stop = sent.listen({problem: (problem) => told.push(problem?.message)});
	expect(earshot.pendingJobs).toEqual([sent]);
	await pass(100);
	expect([sent.id, sent.problem?.status, told]).toEqual([undefined, 503, ['Busy']]);
	server.on('POST /v1/echo', () => ({status: 202, body: job('available', 1)}));
	await pass(3_000);
	expect((await sent.accepted()).id).toBe('j1');
	expect([sent.problem, told]).toEqual([undefined, ['Busy', undefined]]);
	stop();
	server.on('GET /v1/jobs/j1', () => 502);
	await pass(40_000);
	expect([sent.problem?.status, told.length]).toEqual([502, 2]);
});

it('a command for which there is no room is refused at once, and the others go on', async () => {
	server.on('POST /v1/echo', () => 503);
	for (let n = 0; n < 100; n++) earshot.send('POST', '/v1/echo', {n});
	expect(() => earshot.send('POST', '/v1/echo', {})).toThrow('100 commands');
	await expect(earshot.submit('POST', '/v1/echo', {})).rejects.toThrow('100 commands');
	expect(earshot.pendingJobs.length).toBe(100);
});
