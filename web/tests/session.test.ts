import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';

import {ApiError} from '../src/api';
import {Session} from '../src/session';
import type {Guest} from '../src/wire';

class FakeStorage {
	readonly values = new Map<string, string>();
	getItem = (key: string) => this.values.get(key) ?? null;
	setItem = (key: string, value: string) => void this.values.set(key, value);
}

let calls: Array<string | undefined>;
let refused: string | undefined;
let storage: FakeStorage;

beforeEach(() => {
	vi.useFakeTimers();
	calls = [];
	refused = undefined;
	storage = new FakeStorage();
});

afterEach(() => vi.useRealTimers());

function session(lifetime_ms = 3_600_000): Session {
	return new Session(async (token): Promise<Guest> => {
		calls.push(token);
		if (token !== undefined && token === refused) throw new ApiError(401, 'No');
		const expires_at = new Date(Date.now() + lifetime_ms).toISOString();
		return {token: `t${calls.length}`, expires_at};
	}, storage);
}

describe('a session', () => {
	it('asks for one guest, however many calls need a token at once', async () => {
		const guest = session();
		expect(await Promise.all([guest.token(), guest.token()])).toEqual(['t1', 't1']);
		expect(calls).toEqual([undefined]);
	});

	it('is the same guest after a reload', async () => {
		await session().token();
		expect(await session().token()).toBe('t1');
	});

	it('is renewed with the old token a minute before that ends', async () => {
		const guest = session();
		await guest.token();
		vi.advanceTimersByTime(3_539_000);
		expect(await guest.token()).toBe('t1');
		vi.advanceTimersByTime(2_000);
		expect(await guest.token()).toBe('t2');
		expect(calls).toEqual([undefined, 't1']);
	});

	it('becomes a new guest when the old token is refused', async () => {
		const guest = session();
		refused = await guest.token();
		expect(await guest.replace(refused)).toBe('t3');
		expect(calls).toEqual([undefined, 't1', undefined]);
	});

	it('replaces a refused token once, for all who held it', async () => {
		const guest = session();
		await guest.token();
		await guest.replace('t1');
		expect(await guest.replace('t1')).toBe('t2');
	});

	it('does not renew at every call when the clock here is wrong', async () => {
		const guest = session(-86_400_000);
		await guest.token();
		await guest.token();
		expect(calls).toHaveLength(1);
	});

	it('ignores what it cannot read from the storage', async () => {
		storage.setItem('ask-around-me.guest', '{"token":');
		expect(await session().token()).toBe('t1');
	});
});
