import {describe, expect, it} from 'vitest';

import {TokenKeeper} from '../src/token-keeper.ts';

const topic = 'earshot/v1/token/own-guest';
const expiring = JSON.stringify({state: 'expiring', expires_at: '2026-11-24T10:00:00.000Z'});

function keeper(renew: (ending: string) => Promise<string>) {
	const published: Array<[string, string]> = [];
	return {published, keeper: new TokenKeeper('t1', renew, (...each) => published.push(each))};
}

/** Lets everything happen that is already due. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('a token keeper', () => {
	it('hands in a new token when the old one is about to end, each time', async () => {
		const ended: string[] = [];
		const {keeper: kept, published} = keeper(async (ending) => {
			ended.push(ending);
			return `t${ended.length + 1}`;
		});
		expect(kept.takes(topic, expiring)).toBe(true);
		await settle();
		kept.takes(topic, expiring);
		await settle();
		expect(ended).toEqual(['t1', 't2']);
		expect(published).toEqual([
			['$CONTROL/earshot/v1', 't2'],
			['$CONTROL/earshot/v1', 't3'],
		]);
	});

	it('renews once, however often it is told meanwhile', async () => {
		let count = 0;
		const {keeper: kept} = keeper(async () => `t${++count}`);
		kept.takes(topic, expiring);
		kept.takes(topic, expiring);
		await settle();
		expect(count).toBe(1);
	});

	it('says nothing when there is no new token, and tries again when told again', async () => {
		let isDown = true;
		const {keeper: kept, published} = keeper(async () => {
			if (isDown) throw new Error('No server');
			return 't2';
		});
		kept.takes(topic, expiring);
		await settle();
		expect(published).toEqual([]);
		isDown = false;
		kept.takes(topic, expiring);
		await settle();
		expect(published).toEqual([['$CONTROL/earshot/v1', 't2']]);
	});

	it('keeps other notices and junk to itself, and leaves events alone', async () => {
		const {keeper: kept, published} = keeper(async () => 't2');
		for (const payload of ['{"state":"refreshed"}', '{"state":"refused"}', 'null', '{']) {
			expect(kept.takes(topic, payload)).toBe(true);
		}
		expect(kept.takes('earshot/v1/geo/9q8/y/y/k/9', expiring)).toBe(false);
		await settle();
		expect(published).toEqual([]);
	});
});
