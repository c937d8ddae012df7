import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';

import {ApiError} from '../src/api';
import {LiveFeed} from '../src/live-feed';
import {envelope, FakeListener, FakeSource, here, question} from './fakes';

let source: FakeSource;
let listener: FakeListener;
let feed: LiveFeed;

beforeEach(() => {
	vi.useFakeTimers();
	source = new FakeSource();
	listener = new FakeListener();
	feed = new LiveFeed(here, source, listener, () => 1);
});

afterEach(() => {
	feed.stop();
	vi.useRealTimers();
});

async function listen(): Promise<void> {
	void feed.run();
	await settled();
}

const settled = () => vi.advanceTimersByTimeAsync(0);
const elapse = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('the first round', () => {
	it('subscribes before it fetches the list', async () => {
		await listen();
		expect(source.log).toEqual(['cover 8000', 'connect p1', 'subscribe a/# b/#', 'list 8000']);
		expect(listener.states).toEqual(['connecting', 'catching-up', 'live']);
	});

	it('loses no event that arrives while the list is on its way', async () => {
		source.whileListing = () => source.transport.push(envelope(question('q1'), 1));
		await listen();
		expect(listener.snapshots[0]?.questions).toEqual([]);
		expect(listener.pushed).toEqual(['q1']);
	});

	it('shows a list without waiting longer for a broker that does not answer', async () => {
		source.transport.isSilent = true;
		source.questionsNow = [question('q1')];
		await listen();
		expect(listener.snapshots).toHaveLength(0);
		await elapse(800);
		expect(listener.snapshots).toHaveLength(1);
		expect(listener.state).toBe('connecting');
	});

	it('fetches the list again when more arrives meanwhile than it may hold', async () => {
		let isFirst = true;
		source.whileListing = () => {
			for (let n = 1; isFirst && n <= 1_001; n++) {
				source.transport.push(envelope(question(`q${n}`), n));
			}
			isFirst = false;
		};
		await listen();
		expect(source.log.filter((entry) => entry === 'list 8000')).toHaveLength(2);
		expect(listener.state).toBe('live');
	});
});

describe('refusals', () => {
	it('are told, and the list is fetched every 15 s instead', async () => {
		source.transport.refused.add('b/#');
		await listen();
		expect(listener.problem?.message).toBe('Live updates were refused for 1 of 2 areas.');
		expect(listener.state).toBe('polling');
		await elapse(15_000);
		expect(source.log.filter((entry) => entry === 'list 8000')).toHaveLength(2);
	});

	it('are forgotten once every filter is granted', async () => {
		source.transport.refused.add('b/#');
		await listen();
		source.transport.refused.clear();
		await elapse(15_000);
		expect(listener.problem).toBeUndefined();
		expect(listener.state).toBe('live');
	});

	it('do not matter where topics cannot serve: there it polls without a broker', async () => {
		source.filters = [];
		await listen();
		expect(source.log).toEqual(['cover 8000', 'list 8000']);
		expect(listener.state).toBe('polling');
	});
});

describe('live events', () => {
	it('within the radius are delivered, farther ones are dropped', async () => {
		await listen();
		source.transport.push(envelope(question('near', {lat: here.lat + 0.0719}), 1)); // 7,995 m
		source.transport.push(envelope(question('far', {lat: here.lat + 0.072}), 2)); // 8,006 m
		expect(listener.pushed).toEqual(['near']);
	});

	it('that are no envelopes stop nothing', async () => {
		await listen();
		for (const junk of ['', 'null', '{"type":1}', '[]', '{"type":"question.asked","data":{}}']) {
			source.transport.push(junk);
		}
		source.transport.push(envelope(question('q1'), 1));
		expect(listener.pushed).toEqual(['q1']);
	});

	it('with a gap before them make it fetch again, once', async () => {
		source.offset = 10;
		await listen();
		source.transport.push(envelope(question('q1'), 14, {prev: 12}));
		source.transport.push(envelope(question('q2'), 19, {prev: 17}));
		await elapse(1_000);
		expect(source.log.filter((entry) => entry === 'list 8000')).toHaveLength(2);
		expect(listener.pushed).toEqual(['q1', 'q2']);
	});

	it('without a gap make it fetch nothing', async () => {
		source.offset = 10;
		await listen();
		source.transport.push(envelope(question('q1'), 14, {prev: 10}));
		source.transport.push(envelope(question('q2'), 19, {prev: 14}));
		await elapse(5_000);
		expect(source.log.filter((entry) => entry === 'list 8000')).toHaveLength(1);
	});

	it('of another epoch are not mixed in; the list is fetched again', async () => {
		await listen();
		source.epoch = 'e2';
		source.transport.push(envelope(question('q1'), 1, {epoch: 'e2'}));
		await elapse(1_000);
		expect(listener.pushed).toEqual([]);
		expect(listener.snapshots.at(-1)?.position.epoch).toBe('e2');
	});
});

describe('a broken connection', () => {
	it('is replaced with fresh credentials, and the list is fetched again', async () => {
		await listen();
		source.log.length = 0;
		source.transport.cut();
		await elapse(500);
		expect(source.log).toEqual(['cover 8000', 'connect p2', 'subscribe a/# b/#', 'list 8000']);
		expect(listener.state).toBe('live');
	});

	it('is retried ever more slowly, at most every 30 s', async () => {
		await listen();
		source.transport.isDown = true;
		source.log.length = 0;
		source.transport.cut();
		const attempts = () => source.log.filter((entry) => entry.startsWith('connect')).length;
		await elapse(500 + 1_000 + 2_000 + 4_000);
		expect(attempts()).toBe(4);
		expect(listener.state).toBe('offline');
		await elapse(8_000 + 16_000 + 30_000 + 30_000);
		expect(attempts()).toBe(8);
	});

	it('leaves the list fresh, as long as the server answers', async () => {
		source.transport.isDown = true;
		await listen();
		expect(listener.snapshots).toHaveLength(1);
		expect(listener.problem).toBeUndefined();
		await elapse(500);
		expect(listener.snapshots).toHaveLength(2);
		expect(listener.state).toBe('offline');
	});

	it('that the broker accepts and cuts at once is no reason to hurry', async () => {
		source.whileListing = () => source.transport.cut();
		await listen();
		await elapse(7_500);
		expect(source.log.filter((entry) => entry.startsWith('connect'))).toHaveLength(5);
	});

	it('is noticed when a wake-up finds no answer to SUBSCRIBE', async () => {
		await listen();
		source.transport.isSilent = true;
		feed.resync();
		await elapse(10_000);
		source.transport.isSilent = false;
		await elapse(500);
		expect(source.log.filter((entry) => entry.startsWith('connect'))).toHaveLength(2);
		expect(listener.state).toBe('live');
	});
});

describe('a failing server', () => {
	it('is told, left alone as long as it asks, then forgotten', async () => {
		source.failure = new ApiError(503, 'The database is away', '', [], 7_000);
		await listen();
		expect(listener.problem).toBe(source.failure);
		source.failure = undefined;
		source.log.length = 0;
		await elapse(7_400);
		expect(source.log).toEqual([]);
		await elapse(100);
		expect(listener.problem).toBeUndefined();
		expect(listener.state).toBe('live');
	});
});

describe('moving', () => {
	it('keeps the connection, and lets go of filters once the new ones are granted', async () => {
		await listen();
		source.log.length = 0;
		source.filters = ['b/#', 'c/#'];
		feed.move({...here, radius_m: 1_000});
		await settled();
		expect(source.log).toEqual(['cover 1000', 'subscribe b/# c/#', 'unsubscribe a/#', 'list 1000']);
		expect(listener.state).toBe('live');
	});

	it('drops a list of the place that was left', async () => {
		let release = () => {};
		source.whileListing = () => new Promise<void>((resolve) => (release = resolve));
		await listen();
		source.whileListing = () => undefined;
		source.questionsNow = [question('new place')];
		feed.move({...here, radius_m: 1_000});
		release();
		await settled();
		expect(listener.snapshots.map(({questions}) => questions[0]?.id)).toEqual(['new place']);
	});
});
