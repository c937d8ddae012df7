import {afterEach, beforeEach, expect, it, vi} from 'vitest';

import {Earshot, type Circle, type FeedDefinition} from '../src/index.ts';
import {cellOf, geoFilter, headFilter} from '../src/geo/index.ts';
import {FakeServer, FakeTransport} from './fakes.ts';

const circle: Circle = {lat: 37.7793, lon: -122.4193, radius_m: 1_000};
const cell = '9q8yym8';

let server: FakeServer;
let transport: FakeTransport;
let earshot: Earshot;
let wake: () => void;

/** The state is the list of what was seen. */
const list: FeedDefinition<readonly number[]> = {
	snapshot: async (_, get) => {
		const {seen, position} = (await get('/v1/list')) as {seen: number[]; position: string};
		return {state: seen, position};
	},
	reduce: (seen, {offset}) => [...seen, offset],
};

beforeEach(() => {
	vi.useFakeTimers();
	server = new FakeServer();
	server.on('GET /v1/list', () => ({body: {seen: [1], position: 'e:10'}}));
	server.on('GET /v1/events', ({query}) => ({
		body: {events: [], position: query.get('after'), more: false},
	}));
	transport = new FakeTransport();
	earshot = new Earshot({
		url: 'http://server/',
		token: 'token-1',
		transport,
		fetch: server.fetch,
		random: () => 0.5,
		onWake: (run) => {
			wake = run;
			return () => {};
		},
	});
});

afterEach(() => {
	earshot.close();
	vi.useRealTimers();
});

function envelope(offset: number, prev: number) {
	return {specversion: '1.0', type: 'thing.happened', epoch: 'e', offset, prev, cell, data: {}};
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it('a feed subscribes first, then fetches the snapshot, then follows', async () => {
	let subscribedBefore = false;
	server.on('GET /v1/list', () => {
		subscribedBefore = transport.current.subscribed.length > 0;
		return {body: {seen: [1], position: 'e:10'}};
	});
	const feed = earshot.near(circle, list);
	const statuses: string[] = [];
	feed.listen({status: (status) => statuses.push(status)});
	await pass(10);
	expect(subscribedBefore).toBe(true);
	expect(feed.state).toEqual([1]);
	transport.current.push(geoFilter(cell), envelope(12, 9));
	transport.current.push(geoFilter(cell), envelope(12, 9));
	transport.current.push(geoFilter(cell), {nonsense: true});
	expect(feed.state).toEqual([1, 12]);
	expect(statuses).toEqual(['catching-up', 'live']);
	expect(server.seen.every(({headers}) => headers.get('authorization') === 'Bearer token-1')).toBe(true);
});

it('a gap is filled from the log, after the position', async () => {
	server.on('GET /v1/events', () => ({
		body: {events: [envelope(12, 9), envelope(15, 12)], position: 'e:15', more: false},
	}));
	const feed = earshot.near(circle, list);
	await pass(10);
	transport.current.push(geoFilter(cell), envelope(15, 12));
	expect(feed.state).toEqual([1]);
	await pass(1_000);
	expect(feed.state).toEqual([1, 12, 15]);
	const asked = server.seen.find(({path}) => path === '/v1/events')!;
	expect(asked.query.get('after')).toBe('e:10');
	expect(asked.query.get('cells')!.split(',').some((asked) => cell.startsWith(asked))).toBe(true);
});

it('a server without a log gets a new snapshot, and the app is told', async () => {
	server.on('GET /v1/events', () => 404);
	const feed = earshot.near(circle, list);
	const resets: string[] = [];
	feed.listen({reset: (reason) => resets.push(reason)});
	await pass(10);
	server.on('GET /v1/list', () => ({body: {seen: [1, 12, 15], position: 'e:15'}}));
	transport.current.push(geoFilter(cell), envelope(15, 12));
	await pass(2_000);
	expect(feed.state).toEqual([1, 12, 15]);
	expect(resets).toEqual(['no-log']);
	expect(feed.status).toBe('live');
	await pass(300_000);
	expect(resets).toEqual(['no-log']);
});

it('where WebSockets are blocked events are polled, and when they are not any more it is live', async () => {
	transport.isBlocked = true;
	const feed = earshot.near(circle, list);
	await pass(1_000);
	expect(feed.state).toEqual([1]);
	let answer: (() => void) | undefined;
	server.on('GET /v1/events', ({query}) => {
		if (query.get('after') !== 'e:10') return new Promise(() => {});
		return new Promise((resolve) => {
			answer = () => resolve({body: {events: [envelope(12, 9)], position: 'e:12', more: false}});
		});
	});
	await pass(6_500);
	expect(feed.status).toBe('polling');
	expect(server.seen.find(({path}) => path === '/v1/events')!.headers.get('prefer')).toBe('wait=25');
	answer!();
	await pass(2_000);
	expect(feed.state).toEqual([1, 12]);
	transport.isBlocked = false;
	server.on('GET /v1/events', () => ({
		body: {events: [envelope(14, 12)], position: 'e:14', more: false},
	}));
	await pass(40_000);
	expect(feed.status).toBe('live');
	expect(feed.state).toEqual([1, 12, 14]);
});

it('a broker that is slow to take back whom it served is waited for, and events are polled when it fails to', async () => {
	server.on('GET /v1/events', () => new Promise(() => {}));
	const feed = earshot.near(circle, list);
	await pass(10);
	let answer!: () => void;
	transport.answers = new Promise<void>((resolve) => (answer = resolve));
	transport.current.close();
	await pass(14_000);
	expect(transport.attempts).toBe(2);
	expect(feed.status).toBe('offline');
	expect(server.count('GET /v1/events')).toBe(0);
	transport.isBlocked = true;
	answer();
	await pass(10);
	expect(feed.status).toBe('polling');
	expect(server.count('GET /v1/events')).toBe(1);
});

it('all feeds share one connection, and what nobody wants is left after five seconds', async () => {
	const first = earshot.near(circle, list);
	const second = earshot.near({...circle, radius_m: 800}, list);
	await pass(10);
	expect(transport.connections.length).toBe(1);
	expect(second.status).toBe('live');
	first.close();
	await pass(4_900);
	expect(transport.current.unsubscribed).toEqual([]);
	await pass(200);
	expect(transport.current.unsubscribed.length).toBe(1);
	second.close();
	await pass(5_100);
	expect(transport.current.isClosed).toBe(true);
});

it('a move subscribes to what is new only, and keeps the old state until the new one is there', async () => {
	const feed = earshot.near(circle, list);
	await pass(10);
	const [before] = transport.current.subscribed;
	server.on('GET /v1/list', () => ({body: {seen: [2], position: 'e:11'}}));
	feed.move({...circle, lat: circle.lat + 0.004});
	expect(feed.state).toEqual([1]);
	await pass(300);
	expect(feed.state).toEqual([2]);
	const added = transport.current.subscribed.slice(1).flat();
	expect(added.length).toBeGreaterThan(0);
	expect(added.filter((filter) => before!.includes(filter))).toEqual(['earshot/v1/status']);
});

it('a lost connection is replaced with back-off, and for a minute without asking the API', async () => {
	const feed = earshot.near(circle, list);
	await pass(10);
	transport.isBlocked = true;
	transport.current.close();
	await pass(60_000);
	const attempts = transport.attempts;
	expect(attempts).toBeGreaterThan(4);
	expect(attempts).toBeLessThan(12);
	expect(server.count('GET /v1/broker')).toBe(1);
	await pass(60_000);
	expect(server.count('GET /v1/broker')).toBe(1 + transport.attempts - attempts);
	transport.isBlocked = false;
	wake();
	await pass(4_000);
	expect(feed.status).toBe('live');
});

it('where the broker has all heads, and none tells news, nobody asks the log, however long', async () => {
	transport.retained.set(headFilter(cellOf(circle)), JSON.stringify({epoch: 'e', offset: 9, cells: {k: 9}}));
	transport.retained.set('earshot/v1/status', 'online');
	const feed = earshot.near(circle, list);
	await pass(10);
	transport.current.close();
	await pass(2_000);
	expect([transport.attempts, feed.status]).toEqual([2, 'live']);
	await pass(600_000);
	expect(transport.current.subscribed.length).toBeGreaterThan(5);
	expect(server.count('GET /v1/events')).toBe(0);
});

it('whatever else is said as the status does nothing', async () => {
	const feed = earshot.near(circle, list);
	await pass(10);
	for (const payload of ['stop', 'wake', 'event', 'tick', '', '{}']) {
		transport.current.say('earshot/v1/status', payload);
	}
	await pass(1_000);
	expect(feed.status).toBe('live');
	expect(server.count('GET /v1/events')).toBe(0);
});

it('where a filter for heads is refused the log is asked, whatever the status says', async () => {
	const head = headFilter(cellOf(circle));
	transport.retained.set(head, JSON.stringify({epoch: 'e', offset: 9, cells: {k: 9}}));
	transport.retained.set('earshot/v1/status', 'online');
	const feed = earshot.near({...circle, radius_m: 3_000}, list); // Of several areas.
	await pass(10);
	transport.refuses = (filter) => filter.startsWith('earshot/v1/head/') && filter !== head;
	transport.current.close();
	await pass(5_000);
	expect(feed.status).toBe('live');
	expect(server.count('GET /v1/events')).toBe(1);
});

it('a broker that refuses what the last connection was made with is met with fresh credentials', async () => {
	const feed = earshot.near(circle, list);
	await pass(10);
	transport.refusal = 5;
	transport.current.close();
	await pass(4_000);
	expect(server.count('GET /v1/broker')).toBe(2);
	expect(feed.status).toBe('live');
});

it('each connection has a client id of its own', async () => {
	earshot.near(circle, list);
	await pass(10);
	transport.current.close();
	await pass(3_000);
	const ids = transport.connections.map(({access}) => access.client_id);
	expect(new Set(ids).size).toBe(2);
	for (const id of ids) expect(id).toMatch(/^me\.1-./);
});

it('somebody who comes back has the connection probed and the log read', async () => {
	earshot.near(circle, list);
	await pass(10_000);
	const before = server.count('GET /v1/events');
	wake();
	await pass(1_000);
	expect(transport.current.probes).toBe(1);
	expect(server.count('GET /v1/events')).toBe(before + 1);
});

it('a listener that throws keeps nobody else from hearing', async () => {
	const feed = earshot.near(circle, list);
	const heard: unknown[] = [];
	const thrown: unknown[] = [];
	const onError = (error: unknown) => thrown.push(error);
	process.once('uncaughtException', onError);
	feed.listen({
		state: () => {
			throw new Error('mine alone');
		},
	});
	feed.listen({state: (state) => heard.push(state)});
	await pass(10);
	process.removeListener('uncaughtException', onError);
	expect(heard).toEqual([[1]]);
	expect(thrown.length).toBe(1);
});

it('what went wrong is told, until it is right again', async () => {
	server.on('GET /v1/list', () => ({status: 503, body: {title: 'Busy'}, headers: {'retry-after': '2'}}));
	const feed = earshot.near(circle, list);
	await pass(100);
	expect(feed.problem?.message).toBe('Busy');
	expect(server.count('GET /v1/list')).toBe(1);
	server.on('GET /v1/list', () => ({body: {seen: [3], position: 'e:20'}}));
	await pass(3_000);
	expect(feed.problem).toBeUndefined();
	expect(feed.state).toEqual([3]);
});
