import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';

import {ApiError} from '../src/api';
import {AskOutbox, type Ask} from '../src/ask-outbox';
import {cardsOf} from '../src/card';
import {changed, emptyList} from '../src/question-store';
import type {Job, Question} from '../src/wire';
import {here, question} from './fakes';

const draft = {text: 'Where is good coffee?', kind: 'stars', lat: here.lat, lon: here.lon} as const;
const job = (state: string, more: Partial<Job> = {}): Job => ({
	id: 'j1',
	state,
	result: undefined,
	problem: undefined,
	...more,
});

let asks: readonly Ask[];
let confirmed: Array<{key: string; question: Question}>;
let answers: Array<Job | Error>; // What the server says to the next calls, in order.
let calls: number;
let keys: string[]; // With which it was asked, in order.
let outbox: AskOutbox;

beforeEach(() => {
	vi.useFakeTimers();
	asks = [];
	confirmed = [];
	answers = [];
	calls = 0;
	keys = [];
	const next = async () => {
		calls++;
		const answer = answers.shift() ?? new Error('unexpected call');
		if (answer instanceof Error) throw answer;
		return {job: answer, retryAfter_ms: undefined};
	};
	outbox = new AskOutbox(
		{
			ask: (_draft, key) => {
				keys.push(key);
				return next();
			},
			job: next,
			question: async (id) => question(id),
		},
		{
			onAsks: (shown) => (asks = shown),
			onConfirmed: (key, asked) => confirmed.push({key, question: asked}),
		},
	);
});

afterEach(() => vi.useRealTimers());

const states = () => asks.map(({state}) => state).join(' ');

describe('a question on its way', () => {
	it('is shown at once, accepted with 202, and confirmed by its job', async () => {
		answers = [job('available'), job('available'), job('completed', {result: question('j1')})];
		void outbox.submit(draft);
		expect(states()).toBe('sending');
		const key = asks[0]?.key;
		await vi.advanceTimersByTimeAsync(0);
		expect(states()).toBe('accepted');
		await vi.advanceTimersByTimeAsync(2_000);
		expect(asks).toEqual([]);
		expect(confirmed).toEqual([{key, question: question('j1', {mine: true})}]);
	});

	it('is confirmed by a push if that comes first, and its job is not asked for again', async () => {
		answers = [job('available')];
		void outbox.submit(draft);
		await vi.advanceTimersByTimeAsync(0);
		outbox.saw(question('other'));
		expect(states()).toBe('accepted');
		outbox.saw(question('j1'));
		outbox.saw(question('j1'));
		await vi.advanceTimersByTimeAsync(60_000);
		expect(confirmed).toHaveLength(1);
		expect(calls).toBe(1);
	});

	it('fails in the server\'s words, with no retry when it would be refused again', async () => {
		answers = [
			new ApiError(422, 'Invalid question', '', [{pointer: '/text', detail: 'Too long.'}]),
		];
		await outbox.submit(draft);
		expect(asks[0]).toMatchObject({
			state: 'failed',
			draft,
			problem: {title: 'Invalid question', detail: 'Too long.', canRetry: false},
		});
		expect(outbox.take(asks[0]?.key ?? '')).toEqual(draft);
		expect(asks).toEqual([]);
	});

	it('keeps its row and text through a failure and a retry', async () => {
		const busy = new ApiError(503, 'Busy', '', [], 5_000);
		answers = [busy, job('completed', {result: question('j1')})];
		await outbox.submit(draft);
		const key = asks[0]?.key ?? '';
		expect(asks[0]?.problem).toEqual({title: 'Busy', detail: 'Try again in 5 s.', canRetry: true});
		await outbox.retry(key);
		expect(confirmed[0]?.key).toBe(key);
	});

	it('is the same request when it is sent again after an answer that was lost', async () => {
		answers = [new ApiError(0, 'The server cannot be reached'), job('completed', {result: question('j1')})];
		await outbox.submit(draft);
		await outbox.retry(asks[0]?.key ?? '');
		expect(keys).toHaveLength(2);
		expect(keys[1]).toBe(keys[0]);
	});

	it('is a new request when the job of the first one has ended without it', async () => {
		answers = [
			job('discarded', {problem: {title: 'Closed', detail: ''}}),
			job('completed', {result: question('j2')}),
		];
		await outbox.submit(draft);
		await outbox.retry(asks[0]?.key ?? '');
		expect(keys[1]).not.toBe(keys[0]);
		expect(asks).toEqual([]);
	});

	it('is failed when its job is discarded', async () => {
		answers = [job('available'), job('discarded', {problem: {title: 'Closed', detail: ''}})];
		void outbox.submit(draft);
		await vi.advanceTimersByTimeAsync(2_000);
		expect(asks[0]?.problem?.title).toBe('Closed');
	});

	it('stays accepted while the server is away, for it is durable there', async () => {
		const away = () => new ApiError(0, 'The server cannot be reached');
		answers = [job('available'), away(), away(), job('completed', {result: question('j1')})];
		void outbox.submit(draft);
		await vi.advanceTimersByTimeAsync(700);
		expect(states()).toBe('accepted');
		await vi.advanceTimersByTimeAsync(20_000);
		expect(confirmed).toHaveLength(1);
	});

	it('cannot be taken away or sent twice while it is being sent', async () => {
		answers = [job('available')];
		void outbox.submit(draft);
		const key = asks[0]?.key ?? '';
		expect(outbox.take(key)).toBeUndefined();
		void outbox.retry(key);
		expect(states()).toBe('sending');
		await vi.advanceTimersByTimeAsync(0);
		expect(states()).toBe('accepted'); // A second call would have been refused.
	});

	it('is followed again after a reload, or offered again when it is unsure', async () => {
		const ask = {draft, asked_at: '2026-11-23T10:00:00Z'};
		answers = [job('completed', {result: question('j1')})];
		outbox.restore([
			{...ask, key: 'k1', state: 'accepted', jobId: 'j1'},
			{...ask, key: 'k2', state: 'sending'},
		]);
		await vi.advanceTimersByTimeAsync(1_000);
		expect(confirmed[0]?.key).toBe('k1');
		expect(asks).toMatchObject([{key: 'k2', state: 'failed', problem: {canRetry: true}}]);
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
