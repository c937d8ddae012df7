import type {Earshot} from '@earshot/client';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';

import {AskOutbox, type Ask} from '../src/ask-outbox';
import {cardsOf} from '../src/card';
import {changed, emptyList} from '../src/question-store';
import type {Question} from '../src/wire';
import {here, question, World} from './fakes';

const draft = {text: 'Where is good coffee?', kind: 'stars', lat: here.lat, lon: here.lon} as const;
const topic = 'earshot/v1/users/me/jobs/j1';

function job(state: 'available' | 'completed' | 'discarded', more: object = {}) {
	return {id: 'j1', state, version: state === 'available' ? 1 : 2, topic, ...more};
}

const completed = {body: job('completed', {result: question('j1')})};

let world: World;
let earshot: Earshot;
let outbox: AskOutbox;
let asks: readonly Ask[];
let confirmed: Array<{key: string; question: Question}>;

/** A new life of the page, with what the browser kept of the last one. */
function begin(): void {
	earshot = world.earshot();
	outbox = new AskOutbox(earshot, {
		onAsks: (shown) => (asks = shown),
		onConfirmed: (key, asked) => confirmed.push({key, question: asked}),
	});
}

beforeEach(() => {
	vi.useFakeTimers();
	asks = [];
	confirmed = [];
	world = new World();
	world.server.on('POST /v1/questions', () => ({status: 202, body: job('available')}));
	world.server.on('GET /v1/jobs/j1', () => ({body: job('available')}));
	begin();
});

afterEach(() => {
	earshot.close();
	vi.useRealTimers();
});

const elapse = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const states = () => asks.map(({state}) => state).join(' ');
const keyOf = (ask: Ask | undefined) => ask?.key ?? '';
const sentKeys = () =>
	world.server.seen
		.filter(({method}) => method === 'POST')
		.map(({headers}) => headers.get('idempotency-key'));

describe('a question on its way', () => {
	it('is shown at once, accepted with 202, and confirmed by its job', async () => {
		outbox.submit(draft);
		expect(states()).toBe('sending');
		const key = keyOf(asks[0]);
		await elapse(0);
		expect(states()).toBe('accepted');
		expect(asks[0]?.jobId).toBe('j1');
		await elapse(2_000);
		world.transport.current.push(topic, completed.body);
		await elapse(0);
		expect(asks).toEqual([]);
		expect(confirmed).toEqual([{key, question: question('j1', {mine: true})}]);
		expect(world.server.seen.find(({method}) => method === 'POST')?.body).toEqual(draft);
	});

	it('is confirmed by a push if that comes first, and not again by its job', async () => {
		outbox.submit(draft);
		await elapse(0);
		outbox.saw([question('other')]);
		expect(states()).toBe('accepted');
		outbox.saw([question('other'), question('j1')]);
		outbox.saw([question('j1')]);
		world.server.on('GET /v1/jobs/j1', () => completed);
		await elapse(60_000);
		expect(asks).toEqual([]);
		expect(confirmed).toHaveLength(1);
	});

	it('fails in the server\'s words, with no retry when it would be refused again', async () => {
		const errors = [{pointer: '/text', detail: 'Too long.'}];
		world.server.on('POST /v1/questions', () => ({
			status: 422,
			body: {title: 'Invalid question', errors},
		}));
		outbox.submit(draft);
		await elapse(0);
		expect(asks[0]).toMatchObject({
			state: 'failed',
			draft,
			problem: {title: 'Invalid question', detail: 'Too long.', canRetry: false},
		});
		expect(outbox.take(keyOf(asks[0]))).toEqual(draft);
		expect(asks).toEqual([]);
	});

	it('says why it takes so long while the server is busy, and is sent again by itself', async () => {
		const busy = {status: 503, body: {title: 'Busy'}, headers: {'retry-after': '5'}};
		world.server.on('POST /v1/questions', () => busy);
		outbox.submit(draft);
		await elapse(0);
		const key = keyOf(asks[0]);
		expect(asks[0]).toMatchObject({
			state: 'sending',
			problem: {title: 'Busy', detail: 'Try again in 5 s.', canRetry: true},
		});
		world.server.on('POST /v1/questions', () => completed);
		await elapse(10_000);
		expect(confirmed[0]?.key).toBe(key);
	});

	it('keeps its row and text through a failure and a retry', async () => {
		world.server.on('POST /v1/questions', () => ({status: 401, body: {title: 'Who are you?'}}));
		outbox.submit(draft);
		await elapse(0);
		const key = keyOf(asks[0]);
		expect(asks[0]).toMatchObject({state: 'failed', draft, problem: {title: 'Who are you?'}});
		world.server.on('POST /v1/questions', () => completed);
		outbox.retry(key);
		await elapse(0);
		expect(confirmed[0]?.key).toBe(key);
	});

	it('is the same request when it is sent again after an answer that was lost', async () => {
		world.server.on('POST /v1/questions', () => new TypeError('connection lost'));
		outbox.submit(draft);
		await elapse(0);
		expect(asks[0]?.problem?.title).toBe('The server cannot be reached');
		world.server.on('POST /v1/questions', () => completed);
		await elapse(2_000);
		expect(sentKeys()).toHaveLength(2);
		expect(sentKeys()[1]).toBe(sentKeys()[0]);
		expect(confirmed).toHaveLength(1);
	});

	it('is a new request when the job of the first one has ended without it', async () => {
		world.server.on('POST /v1/questions', () => ({
			status: 202,
			body: job('discarded', {problem: {title: 'Closed', detail: ''}}),
		}));
		outbox.submit(draft);
		await elapse(0);
		world.server.on('POST /v1/questions', () => completed);
		outbox.retry(keyOf(asks[0]));
		await elapse(0);
		expect(sentKeys()).toHaveLength(2);
		expect(sentKeys()[1]).not.toBe(sentKeys()[0]);
		expect(asks).toEqual([]);
	});

	it('is failed when its job is discarded', async () => {
		outbox.submit(draft);
		await elapse(2_000);
		const discarded = job('discarded', {problem: {title: 'Closed', detail: 'Come back.'}});
		world.transport.current.push(topic, discarded);
		await elapse(0);
		expect(asks[0]).toMatchObject({
			state: 'failed',
			problem: {title: 'Closed', detail: 'Come back.', canRetry: true},
		});
	});

	it('stays accepted while the server is away, for it is durable there', async () => {
		world.transport.isBlocked = true;
		world.server.on('GET /v1/jobs/j1', () => new TypeError('connection lost'));
		outbox.submit(draft);
		await elapse(20_000);
		expect(states()).toBe('accepted');
		world.server.on('GET /v1/jobs/j1', () => completed);
		await elapse(40_000);
		expect(confirmed).toHaveLength(1);
	});

	it('cannot be taken away or sent twice while it is being sent', async () => {
		outbox.submit(draft);
		const key = keyOf(asks[0]);
		expect(outbox.take(key)).toBeUndefined();
		outbox.retry(key);
		expect(states()).toBe('sending');
		await elapse(0);
		expect(states()).toBe('accepted');
		expect(sentKeys()).toHaveLength(1);
	});

	it('that there is no room for changes nothing', () => {
		world.server.on('POST /v1/questions', () => 503);
		for (let n = 0; n < 100; n++) outbox.submit(draft);
		expect(() => outbox.submit(draft)).toThrow();
		expect(asks).toHaveLength(100);
	});
});

describe('after a reload', () => {
	const ask = {draft, asked_at: '2026-11-23T10:00:00Z'};

	it('what was accepted is followed again', async () => {
		outbox.submit(draft);
		await elapse(0);
		const kept = asks;
		earshot.close();
		world.server.on('GET /v1/jobs/j1', () => completed);
		begin();
		outbox.restore(kept);
		expect(asks).toEqual(kept);
		await elapse(1_000);
		expect(confirmed.map(({key}) => key)).toEqual([keyOf(kept[0])]);
		expect(sentKeys()).toHaveLength(1);
	});

	it('what was being sent is sent again, and is still the same question', async () => {
		world.server.on('POST /v1/questions', () => new TypeError('connection lost'));
		outbox.submit(draft);
		await elapse(0);
		const kept = asks;
		earshot.close();
		world.server.on('POST /v1/questions', () => completed);
		begin();
		outbox.restore(kept);
		expect(states()).toBe('sending');
		await elapse(1_000);
		expect(confirmed.map(({key}) => key)).toEqual([keyOf(kept[0])]);
		expect(new Set(sentKeys()).size).toBe(1);
	});

	it('what nobody carries any more is offered again, as it may not have been sent', () => {
		outbox.restore([{...ask, key: 'k2', state: 'sending'}]);
		expect(asks).toMatchObject([{key: 'k2', draft, state: 'failed', problem: {canRetry: true}}]);
	});

	it('what had failed is still there to be sent again or edited', async () => {
		const problem = {title: 'Closed', detail: '', canRetry: true};
		outbox.restore([{...ask, key: 'k3', state: 'failed', jobId: 'j0', problem}]);
		expect(asks).toMatchObject([{key: 'k3', state: 'failed', problem}]);
		expect(outbox.take('k3')).toEqual(draft);
	});
});

describe('its row', () => {
	it('keeps its key when it is confirmed, and is never there twice', () => {
		const list = changed(emptyList(here), {type: 'pushed', question: question('j1')});
		const ask: Ask = {key: 'k1', draft, asked_at: '', state: 'accepted', jobId: 'j1'};
		const before = cardsOf(list, [ask], new Map());
		const afterwards = cardsOf(list, [], new Map([['j1', 'k1']]));
		expect(before.map(({key, state}) => `${key} ${state}`)).toEqual(['k1 accepted']);
		expect(afterwards.map(({key, state}) => `${key} ${state}`)).toEqual(['k1 confirmed']);
	});
});
