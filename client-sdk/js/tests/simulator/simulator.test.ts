import {expect, it} from 'vitest';

import {FeedCore} from '../../src/feed/index.ts';
import {LineCore} from '../../src/line/line-core.ts';
import {chooseSeed} from '../random/random.ts';
import {bare, everything, explore, headless, type Profile} from './schedule.ts';

const machines = {FeedCore, LineCore};
const isFull = process.env['EARSHOT_TEST_FULL'] === '1';
const limits = isFull
	? {schedules: 200_000, budget_ms: 600_000}
	: {schedules: 2_000, budget_ms: 9_000};

function check(profile: Profile): void {
	const seed = chooseSeed();
	const {failed, ...sum} = explore(machines, seed, profile, limits);
	console.log(`seeds ${seed}…${seed + sum.ran - 1}: ${JSON.stringify(sum)}`);
	expect(failed).toEqual([]);
	expect(sum.ran).toBeGreaterThan(limits.schedules / 10);
	expect(sum.applied).toBeGreaterThan(sum.ran);
}

it('after 10 s of quiet the state is the truth, each event applied once and in order', () => {
	check(everything);
}, 700_000);

it('where heads are lost too, the idle audit finds the last loss within 70 s', () => {
	check(headless);
}, 700_000);

it('without heads and audits it is right too, as long as no connection loses anything', () => {
	check(bare);
}, 700_000);
