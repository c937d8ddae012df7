// @vitest-environment happy-dom
import type {Earshot} from '@earshot/client';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';

import {Page} from '../src/page';
import {here, question, World} from './fakes';

const topic = 'earshot/v1/users/me/jobs/j1';
const accepted = {id: 'j1', state: 'available', version: 1, topic};
const completed = {body: {...accepted, state: 'completed', version: 2, result: question('j1')}};

let world: World;
let earshot: Earshot;
let page: Page;

/** A new life of the page, with what the browser kept of the last one. */
async function open(): Promise<void> {
	earshot = world.earshot();
	page = new Page(earshot, world.store);
	page.start();
	await elapse(10);
}

beforeEach(() => {
	vi.useFakeTimers();
	history.replaceState(null, '', '/');
	world = new World();
	world.server.on('POST /v1/questions', () => ({status: 202, body: accepted}));
	world.server.on('GET /v1/jobs/j1', () => ({body: accepted}));
});

afterEach(() => {
	earshot.close();
	vi.useRealTimers();
});

const elapse = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const shown = () => page.cards.value.map(({id, state}) => `${id} ${state}`);

describe('the list', () => {
	it('is what the server has, and then every question as it is asked', async () => {
		world.questions = [question('a')];
		await open();
		expect(page.status.value).toBe('live');
		world.push(question('b'));
		expect(shown()).toEqual(['b pushed', 'a listed']);
	});

	it('is not troubled by other events, or by what is no question', async () => {
		await open();
		world.push({note: 'hello'}, 'note.said');
		world.push(question('x'), 'question.unheard_of');
		world.push({...question('x'), kind: 'riddle'});
		world.push(null);
		world.push(question('b'));
		expect(shown()).toEqual(['b pushed']);
		expect(page.status.value).toBe('live');
	});

	it('keeps older questions that were fetched, and fetches further ones after them', async () => {
		world.questions = [question('d'), question('c')];
		world.next = 'below c';
		await open();
		world.questions = [question('b')];
		world.next = 'below b';
		await page.loadOlder();
		world.push(question('e'));
		expect(shown().map((card) => card.slice(0, 1)).join('')).toBe('edcb');
		await page.loadOlder();
		const cursors = world.asked('/v1/questions').map((query) => new URLSearchParams(query).get('cursor'));
		expect(cursors).toEqual([null, 'below c', 'below b']);
	});

	it('starts anew when the history is another one', async () => {
		world.questions = [question('a')];
		await open();
		world.push(question('b'));
		world.questions = [question('c')];
		world.epoch = 'e2';
		world.push(question('d'));
		await elapse(2_000);
		expect(shown()).toEqual(['c listed']);
	});

	it('keeps what it knows when the feed has to begin anew in the same history', async () => {
		world.questions = [question('b'), question('a')];
		await open();
		world.questions = [question('c'), question('b')];
		world.server.on('GET /v1/events', () => 410);
		world.wake();
		await elapse(2_000);
		expect(shown()).toEqual(['c listed', 'b listed', 'a listed']);
	});
});

describe('moving', () => {
	const near = question('near');
	const far = question('far', {lat: here.lat + 0.05}); // 5.6 km

	it('keeps what is inside at once, until the list of the new place is there', async () => {
		world.questions = [far, near];
		await open();
		world.questions = [question('new'), near];
		page.move({...here, radius_m: 1_000});
		expect(location.search).toContain('radius_m=1000');
		expect(shown()).toEqual(['near listed']);
		expect(page.list.value.isListed).toBe(false);
		world.push(question('asked meanwhile'));
		expect(page.list.value.isListed).toBe(false);
		world.questions = [question('asked meanwhile'), ...world.questions];
		await elapse(1_000);
		expect(shown()).toEqual(['new listed', 'near listed', 'asked meanwhile listed']);
		expect(page.list.value.isListed).toBe(true);
		expect(world.transport.attempts).toBe(1);
	});

	it('drops older questions of the place that was left', async () => {
		world.questions = [near];
		world.next = 'below';
		await open();
		let release = () => {};
		world.server.on('GET /v1/questions', ({query}) =>
			query.has('cursor')
				? new Promise((resolve) => {
						release = () => resolve({body: {questions: [question('old')], position: 'e1:10'}});
					})
				: {body: {questions: [near], position: 'e1:10', next: 'below here'}},
		);
		const loading = page.loadOlder();
		page.move({...here, radius_m: 1_000});
		await elapse(1_000);
		release();
		await loading;
		expect(shown()).toEqual(['near listed']);
		expect(page.list.value.next).toBe('below here');
	});
});

describe('the status', () => {
	it('is polling where WebSockets are blocked, and live when they are not any more', async () => {
		world.transport.isBlocked = true;
		world.questions = [question('a')];
		await open();
		expect(page.status.value).toBe('connecting');
		await elapse(10_000);
		expect(page.status.value).toBe('polling');
		expect(shown()).toEqual(['a listed']);
		world.transport.isBlocked = false;
		await elapse(40_000);
		expect(page.status.value).toBe('live');
	});

	it('is offline while the browser is, whatever the feed still believes', async () => {
		await open();
		dispatchEvent(new Event('offline'));
		expect(page.status.value).toBe('offline');
		dispatchEvent(new Event('online'));
		expect(page.status.value).toBe('live');
	});

	it('comes with the problem, until that has passed', async () => {
		const busy = {status: 503, body: {title: 'The database is away'}, headers: {'retry-after': '7'}};
		world.server.on('GET /v1/questions', () => busy);
		await open();
		expect(page.problem.value).toMatchObject({title: 'The database is away'});
		world.server.on('GET /v1/questions', () => ({body: {questions: [], position: 'e1:10'}}));
		page.retry();
		expect(page.problem.value).toBeUndefined();
		await elapse(10_000);
		expect(page.problem.value).toBeUndefined();
		expect(page.status.value).toBe('live');
	});

	it('has a problem of older questions until they are there', async () => {
		world.questions = [question('b')];
		world.next = 'below b';
		await open();
		world.server.on('GET /v1/questions', () => 502);
		await page.loadOlder();
		expect(page.problem.value?.title).toBe('The server is busy');
		world.server.on('GET /v1/questions', () => ({
			body: {questions: [question('a')], position: 'e1:10', next: null},
		}));
		await page.loadOlder();
		expect(page.problem.value).toBeUndefined();
		expect(page.list.value.next).toBeUndefined();
	});
});

describe('what is asked here', () => {
	it('leaves the form at once and is a card until it is confirmed, and afterwards', async () => {
		await open();
		page.text.value = '  Where is good coffee? ';
		page.ask();
		expect(page.text.value).toBe('');
		expect(page.cards.value[0]).toMatchObject({state: 'sending', text: 'Where is good coffee?'});
		const key = page.cards.value[0]?.key;
		await elapse(0);
		expect(shown()).toEqual(['j1 accepted']);
		world.push(question('j1'));
		expect(shown()).toEqual(['j1 confirmed']);
		expect(page.cards.value[0]).toMatchObject({key, author: 'You'});
		world.server.on('GET /v1/jobs/j1', () => completed);
		await elapse(60_000);
		expect(shown()).toEqual(['j1 confirmed']);
	});

	it('is confirmed once when its push overtakes the 202', async () => {
		let answer = () => {};
		world.server.on('POST /v1/questions', () =>
			new Promise((resolve) => (answer = () => resolve({status: 202, body: accepted}))),
		);
		world.server.on('GET /v1/jobs/j1', () => completed);
		await open();
		page.text.value = 'Where is good coffee?';
		page.ask();
		const key = page.cards.value[0]?.key;
		await elapse(0);
		world.push(question('j1'));
		answer();
		await elapse(100);
		expect(shown()).toEqual(['j1 confirmed']);
		expect(page.cards.value[0]?.key).toBe(key);
	});

	it('survives a reload with its text, and so does what is in the form', async () => {
		world.server.on('POST /v1/questions', () => new TypeError('connection lost'));
		await open();
		page.text.value = 'Where is good coffee?';
		page.ask();
		page.text.value = 'And where is';
		await elapse(100);
		earshot.close();
		world.server.on('POST /v1/questions', () => ({status: 202, ...completed}));
		await open();
		expect(page.text.value).toBe('And where is');
		await elapse(1_000);
		expect(shown()).toEqual(['j1 confirmed']);
		const keys = world.server.seen
			.filter(({method}) => method === 'POST')
			.map(({headers}) => headers.get('idempotency-key'));
		expect(new Set(keys).size).toBe(1);
	});

	it('stays in the form when there is no room for it', async () => {
		world.server.on('POST /v1/questions', () => 503);
		await open();
		for (let n = 0; n <= 100; n++) {
			page.text.value = `Question ${n}`;
			page.ask();
		}
		expect(page.text.value).toBe('Question 100');
		expect(page.cards.value).toHaveLength(100);
		expect(page.problem.value).toBeDefined();
	});

	it('goes back into the form to be edited, unless another text is there', async () => {
		world.server.on('POST /v1/questions', () => 422);
		await open();
		page.text.value = 'Where is good coffee?';
		page.ask();
		page.text.value = 'Another';
		await elapse(0);
		const key = page.cards.value[0]?.key ?? '';
		page.editAsk(key);
		expect(shown()).toEqual(['undefined failed']);
		page.text.value = '';
		page.editAsk(key);
		expect([page.text.value, shown()]).toEqual(['Where is good coffee?', []]);
	});
});

describe('the announcement', () => {
	it('counts what others ask, at most every five seconds', async () => {
		world.questions = [question('a')];
		await open();
		world.push(question('b'));
		world.push(question('c'));
		world.push(question('c'));
		expect(page.announcement.value).toBe('');
		await elapse(5_000);
		expect(page.announcement.value).toBe('2 new questions nearby');
		await elapse(5_000);
		expect(page.announcement.value).toBe('');
	});

	it('says nothing of what was asked here', async () => {
		await open();
		page.text.value = 'Where is good coffee?';
		page.ask();
		await elapse(0);
		world.push(question('j1'));
		await elapse(5_000);
		expect(page.announcement.value).toBe('');
	});
});
