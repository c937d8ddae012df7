import {afterEach, beforeEach, expect, it, vi} from 'vitest';

import {Earshot, type Circle, type Feed, type FeedDefinition} from '../src/index.ts';
import {geoFilter} from '../src/geo/index.ts';
import {FakeServer, FakeTransport} from './fakes.ts';

const circle: Circle = {lat: 37.7793, lon: -122.4193, radius_m: 8_000};
const cell = '9q8yym8';

let server: FakeServer;
let transport: FakeTransport;
let earshot: Earshot;

/** The state is the list of what was seen. */
const list: FeedDefinition<readonly unknown[]> = {
	snapshot: async ({radius_m}, get) => {
		const path = `/v1/list?radius_m=${radius_m}`;
		const {seen, position} = (await get(path)) as {seen: number[]; position: string};
		return {state: seen, position};
	},
	reduce: (seen, {offset}) => [...seen, offset],
};

beforeEach(() => {
	vi.useFakeTimers();
	server = new FakeServer();
	server.on('GET /v1/list', () => ({body: {seen: ['all'], position: 'e:10'}}));
	server.on('GET /v1/events', ({query}) => ({
		body: {events: [], position: query.get('after'), more: false},
	}));
	transport = new FakeTransport();
	earshot = new Earshot({
		url: 'http://server',
		token: 'token-1',
		transport,
		fetch: server.fetch,
		random: () => 0.5,
		onWake: () => () => {},
	});
});

afterEach(() => {
	earshot.close();
	vi.useRealTimers();
});

function envelope(offset: number, prev: number, data: object = {}) {
	return {type: 'thing.happened', epoch: 'e', offset, prev, cell, data};
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function near(around = circle): Promise<Feed<readonly unknown[]>> {
	const feed = earshot.near(around, list);
	await pass(10);
	return feed;
}

it('a broker that does not answer keeps the first state waiting for 0.8 s, and no longer', async () => {
	transport.isSilent = true;
	const feed = await near();
	await pass(780);
	expect(feed.state).toBeUndefined();
	await pass(20);
	expect(feed.state).toEqual(['all']);
	expect(feed.status).not.toBe('live');
});

it('a broker that refuses filters is told by polling, until it grants them', async () => {
	transport.refuses = (filter) => filter.startsWith('earshot/v1/geo/9q8/y/y/');
	const feed = await near();
	await pass(9_000);
	expect(feed.state).toEqual(['all']);
	expect([feed.status, feed.problem]).toEqual(['polling', undefined]);
	expect(server.seen.some(({headers}) => headers.get('prefer') === 'wait=25')).toBe(true);
	transport.refuses = () => false;
	await pass(60_000);
	expect(feed.status).toBe('live');
	expect(transport.attempts).toBe(1);
});

it('where topics cannot serve it polls, and does without a broker', async () => {
	const feed = await near({lat: 89.9, lon: 0, radius_m: 8_000});
	server.on('GET /v1/events', ({query}) =>
		query.get('after') === 'e:10'
			? {body: {events: [{...envelope(12, 0, {lat: 89.9, lon: 0}), cell: 'upbpbpb'}], position: 'e:12', more: false}}
			: new Promise(() => {}),
	);
	await pass(3_000);
	expect(feed.status).toBe('polling');
	expect(transport.attempts).toBe(0);
	expect(server.seen.some(({query}) => query.get('lat') === '89.9')).toBe(true);
});

it('what comes while the snapshot is on its way is there afterwards, however much it is', async () => {
	let isFirst = true;
	const events = Array.from({length: 1_100}, (_, n) => envelope(n + 11, n === 0 ? 9 : n + 10));
	server.on('GET /v1/list', () => {
		if (isFirst) for (const event of events) transport.current.push(geoFilter(cell), event);
		isFirst = false;
		return {body: {seen: ['all'], position: 'e:10'}};
	});
	server.on('GET /v1/events', ({query}) => {
		const after = Number(query.get('after')!.slice(2));
		const page = events.filter(({offset}) => offset > after).slice(0, 200);
		const last = page.at(-1)?.offset ?? after;
		return {body: {events: page, position: `e:${last}`, more: last < events.at(-1)!.offset}};
	});
	const feed = await near();
	await pass(3_000);
	expect(feed.state).toEqual(['all', ...events.map(({offset}) => offset)]);
	expect(feed.status).toBe('live');
});

it('what happens within the radius is applied; what is farther, in the same cell, is only counted', async () => {
	const feed = await near({...circle, radius_m: 100});
	const at = (lat: number) => ({lat, lon: -122.4199});
	transport.current.push(geoFilter(cell), envelope(12, 9, at(37.7798))); // 77 m
	transport.current.push(geoFilter(cell), envelope(14, 12, at(37.7805))); // 143 m
	transport.current.push(geoFilter(cell), envelope(16, 14, at(37.7798)));
	expect(feed.state).toEqual(['all', 12, 16]);
});

it('a broker that accepts and cuts at once is no reason to hurry', async () => {
	await near();
	const cutting = setInterval(() => transport.current.close(), 10);
	await pass(30_000);
	clearInterval(cutting);
	expect(transport.attempts).toBeGreaterThan(3);
	expect(transport.attempts).toBeLessThan(12);
});

it('the snapshot of a place that was left is dropped', async () => {
	let release = () => {};
	server.on('GET /v1/list', ({query}) =>
		query.get('radius_m') === '8000'
			? new Promise((resolve) => {
					release = () => resolve({body: {seen: ['old place'], position: 'e:10'}});
				})
			: {body: {seen: ['new place'], position: 'e:10'}},
	);
	const states: unknown[] = [];
	const feed = await near();
	feed.listen({state: (state) => states.push(state)});
	feed.move({...circle, radius_m: 1_000});
	await pass(300);
	release();
	await pass(1_000);
	expect(states).toEqual([['new place']]);
	expect(transport.attempts).toBe(1);
});

it('a position that is too old is told by a reset, and is no problem', async () => {
	const feed = await near();
	const told: unknown[] = [];
	feed.listen({reset: (reason) => told.push(reason), problem: (problem) => told.push(problem)});
	server.on('GET /v1/events', () => ({status: 410, body: {title: 'Too old'}}));
	transport.current.push(geoFilter(cell), envelope(15, 12));
	await pass(2_000);
	expect(told).toEqual(['expired']);
});

it.each([404, 410])('a snapshot that is answered %i is a problem, and is asked for ever more slowly', async (status) => {
	server.on('GET /v1/list', () => ({status, body: {title: 'Not here'}}));
	const feed = await near();
	await pass(10_000);
	expect([feed.state, feed.problem?.message]).toEqual([undefined, 'Not here']);
	expect(server.count('GET /v1/list')).toBeLessThan(10);
});
