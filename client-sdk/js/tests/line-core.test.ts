import {expect, it} from 'vitest';

import {LineCore, type LineEffect} from '../src/line/line-core.ts';

function ofType<Type extends LineEffect['type']>(effects: readonly LineEffect[], type: Type) {
	return effects.filter((effect): effect is Extract<LineEffect, {type: Type}> => effect.type === type);
}

const status = 'earshot/v1/status';

function opened(): LineCore {
	const line = new LineCore(() => 0.5);
	line.step({type: 'want', owner: 1, filters: ['a', 'b']}, 0);
	line.step({type: 'connected', attempt: 1}, 10);
	return line;
}

it('nothing is granted before SUBACK says so, and what it refuses never', () => {
	const line = new LineCore(() => 0.5);
	expect(ofType(line.step({type: 'want', owner: 1, filters: ['a', 'b']}, 0), 'connect').length).toBe(1);
	const connected = line.step({type: 'connected', attempt: 1}, 10);
	expect(connected).toEqual([{type: 'subscribe', attempt: 1, filters: ['a', 'b', status]}]);
	expect(line.isWhole).toBe(false);
	expect(line.step({type: 'suback', attempt: 1, filters: ['a', 'b'], codes: [0, 128]}, 20)).toEqual([
		{type: 'granted', filters: ['a']},
		{type: 'refused', filters: ['b']},
	]);
	expect(line.isWhole).toBe(false);
	expect(line.step({type: 'tick'}, 20_000)).toEqual([]);
	expect(ofType(line.step({type: 'tick'}, 40_000), 'subscribe').map(({filters}) => filters)).toEqual([['b', status]]);
});

it('a SUBACK that does not come ends the connection', () => {
	const line = opened();
	expect(line.wakeAt_ms).toBe(10_010);
	const effects = line.step({type: 'tick'}, 10_010);
	expect(effects.map(({type}) => type)).toEqual(['disconnect', 'refused']);
	expect(line.step({type: 'suback', attempt: 1, filters: ['a'], codes: [0]}, 10_020)).toEqual([]);
});

it('a connection that does not come about is told: nothing is granted, and it is tried again', () => {
	const line = new LineCore(() => 0.5);
	line.step({type: 'want', owner: 1, filters: ['a']}, 0);
	expect(line.step({type: 'closed', attempt: 1}, 10)).toEqual([{type: 'refused', filters: []}]);
	expect(ofType(line.step({type: 'tick'}, line.wakeAt_ms), 'connect').map(({attempt}) => attempt)).toEqual([3]);
	const late = line.step({type: 'tick'}, line.wakeAt_ms);
	expect(late).toEqual([{type: 'disconnect'}, {type: 'refused', filters: []}]);
});

it('what lingers makes room, and what is too much is refused', () => {
	const line = opened();
	line.step({type: 'suback', attempt: 1, filters: ['a', 'b'], codes: [0, 0]}, 20);
	const many = Array.from({length: 260}, (_, index) => `f${index}`);
	const effects = line.step({type: 'want', owner: 1, filters: many}, 30);
	expect(ofType(effects, 'unsubscribe').map(({filters}) => filters)).toEqual([['a', 'b']]);
	expect(ofType(effects, 'subscribe').map(({filters}) => filters.length)).toEqual([64, 64, 64, 64]);
	expect(ofType(effects, 'subscribe').at(-1)!.filters.at(-1)).toBe(status);
	expect(ofType(effects, 'refused').map(({filters}) => filters)).toEqual([many.slice(255)]);
});

it('who comes back in time finds everything granted', () => {
	const line = opened();
	line.step({type: 'suback', attempt: 1, filters: ['a', 'b'], codes: [0, 0]}, 20);
	line.step({type: 'want', owner: 1, filters: ['c']}, 30);
	const effects = line.step({type: 'want', owner: 1, filters: ['a', 'c']}, 4_000);
	expect(effects).toEqual([{type: 'granted', filters: ['a']}]);
	expect(line.step({type: 'tick'}, 5_030)).toContainEqual({type: 'unsubscribe', filters: ['b']});
});

it('heads that are wanted again are asked for again, and the status last, which marks the end of what is retained', () => {
	const line = new LineCore(() => 0.5);
	const head = 'earshot/v1/head/9q8/y/y';
	line.step({type: 'want', owner: 1, filters: ['a', head]}, 0);
	line.step({type: 'connected', attempt: 1}, 10);
	line.step({type: 'suback', attempt: 1, filters: ['a', head, status], codes: [0, 0, 0]}, 20);
	expect(line.isWhole).toBe(true);
	const effects = line.step({type: 'want', owner: 1, filters: ['a', head], again: true}, 30_000);
	expect(effects).toEqual([{type: 'subscribe', attempt: 1, filters: [head, status]}]);
	// A broker that is slow to answer that serves all the same.
	expect(line.step({type: 'tick'}, 60_000)).toEqual([]);
	expect(line.isWhole).toBe(true);
	const refused = line.step({type: 'suback', attempt: 1, filters: [head, status], codes: [128, 0]}, 60_010);
	expect(refused).toContainEqual({type: 'refused', filters: [head]});
	expect(line.isWhole).toBe(false);
});
