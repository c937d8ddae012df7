import {afterEach, beforeEach, expect, it, vi} from 'vitest';

import {Earshot, guestToken} from '../src/index.ts';
import {TokenSource} from '../src/token-source.ts';
import {FakeServer, FakeStore, FakeTransport} from './fakes.ts';

/** A token that ends so long from now; the signature is for the server to look at. */
function jwt(name: string, life_s: number): string {
	const claims = {sub: name, exp: Math.floor(Date.now() / 1_000) + life_s};
	return `x.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.y`;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a token is asked for again before it ends, and once for all who need it', async () => {
	const get = vi.fn((ending: string | undefined) => jwt(ending ? 'second' : 'first', 600));
	const tokens = new TokenSource(get);
	const [one, two] = await Promise.all([tokens.token(), tokens.token()]);
	expect(one).toBe(two);
	await vi.advanceTimersByTimeAsync(530_000);
	expect(await tokens.token()).toBe(one);
	await vi.advanceTimersByTimeAsync(20_000);
	expect(await tokens.token()).not.toBe(one);
	expect(get.mock.calls).toEqual([[undefined], [one]]);
});

it('a clock that is wrong does not make every call a renewal', async () => {
	const get = vi.fn(() => jwt('me', -3_600));
	const tokens = new TokenSource(get);
	for (let call = 0; call < 5; call++) await tokens.token();
	expect(get).toHaveBeenCalledTimes(1);
});

it('a refused token is replaced once, for all calls that it was refused to', async () => {
	const server = new FakeServer();
	let current = 1;
	server.on('GET /v1/thing', ({headers}) =>
		headers.get('authorization') === `Bearer token-${current}` ? {body: 'yes'} : 401,
	);
	const token = vi.fn(() => `token-${current}`);
	const earshot = new Earshot({url: 'http://server', token, fetch: server.fetch, onWake: () => () => {}});
	expect(await earshot.get('/v1/thing')).toBe('yes');
	current = 2;
	expect(await Promise.all([earshot.get('/v1/thing'), earshot.get('/v1/thing')])).toEqual(['yes', 'yes']);
	expect(token).toHaveBeenCalledTimes(2);
	server.on('GET /v1/thing', () => 401);
	await expect(earshot.get('/v1/thing')).rejects.toMatchObject({status: 401});
	earshot.close();
});

it('a guest stays the same while the server renews it, and after a reload', async () => {
	const server = new FakeServer();
	const store = new FakeStore();
	server.on('POST /v1/guests', ({headers}) => {
		const old = headers.get('authorization');
		return {status: 201, body: {token: old === null ? 'new' : `${old.slice(7)}+`}};
	});
	const token = guestToken('http://server/', store, server.fetch);
	expect(await token(undefined)).toBe('new');
	expect(await token('new')).toBe('new+');
	expect(await guestToken('http://server', store, server.fetch)(undefined)).toBe('new++');
	server.on('POST /v1/guests', ({headers}) =>
		headers.has('authorization') ? 401 : {status: 201, body: {token: 'another'}},
	);
	expect(await token('new++')).toBe('another');
});

it('a guest whose kept token is still good needs no request after a reload', async () => {
	const server = new FakeServer();
	const store = new FakeStore();
	server.on('POST /v1/guests', () => ({status: 201, body: {token: jwt('new', 3_600)}}));
	const first = await guestToken('http://server', store, server.fetch)(undefined);
	expect(await guestToken('http://server', store, server.fetch)(undefined)).toBe(first);
	expect(server.count('POST /v1/guests')).toBe(1);
	vi.advanceTimersByTime(3_550_000);
	await guestToken('http://server', store, server.fetch)(undefined);
	expect(server.count('POST /v1/guests')).toBe(2);
	expect(server.seen[1]!.headers.get('authorization')).toBe(`Bearer ${first}`);
});

it('the broker gets the new token over the open connection when it says that the old one ends', async () => {
	const server = new FakeServer();
	server.on('GET /v1/list', () => ({body: {position: 'e:1'}}));
	const transport = new FakeTransport();
	const token = vi.fn((ending: string | undefined) => (ending ? 'token-2' : 'token-1'));
	const earshot = new Earshot({
		url: 'http://server',
		token,
		transport,
		fetch: server.fetch,
		onWake: () => () => {},
	});
	const feed = earshot.near(
		{lat: 1, lon: 1, radius_m: 500},
		{snapshot: async () => ({state: 0, position: 'e:1'}), reduce: (state) => state},
	);
	await vi.advanceTimersByTimeAsync(10);
	transport.current.push('earshot/v1/token/me', {state: 'expiring', expires_at: 'soon'});
	await vi.advanceTimersByTimeAsync(10);
	expect(transport.current.published).toEqual([{topic: '$CONTROL/earshot/v1', payload: 'token-2'}]);
	expect([transport.connections.length, feed.status]).toEqual([1, 'live']);
	earshot.close();
});
