// The log drops what it has kept long enough, under clients that have not read it.
import assert from 'node:assert/strict';

import {remark} from '../../../e2e/case.mjs';
import {EventLog} from '../../../e2e/event-log.mjs';
import {firstSeed, Random} from '../../../e2e/random.mjs';
import {around} from '../crowd.mjs';
import {Proxy} from '../proxy.mjs';
import {LaptopClock} from '../sleepy-clock.mjs';
import {truthAfter} from '../stage.mjs';
import {Truth} from '../truth.mjs';
import {Watcher} from '../watcher.mjs';

/** What the janitor does to the oldest slot of the log when it is a week old. */
async function drop(log) {
	const {slot, newest} = await log.query('select to_json(oldest) from engine.oldest_ended_slot(now()) as oldest');
	assert.notEqual(slot, null, 'a slot has ended, and is relayed');
	await log.query(`select to_json(engine.keep_slot_topics(${slot}, '', 1000000))`);
	assert.ok(await log.query(`select to_json(engine.drop_event_slot(${slot}, ${newest}))`));
}

async function sleepTooLong({server, token}) {
	const log = new EventLog(server);
	const random = new Random(firstSeed);
	const happen = (count) => truthAfter(count, {server, token, random});
	const watchers = await Promise.all(['is awake', 'sleeps', 'sleeps without a connection'].map(async (name) => {
		const via = await Proxy.start(server.ports.webSocket);
		const options = {clock: new LaptopClock()};
		return Object.assign(
			new Watcher(`who ${name}`, {url: server.url, token, via, circle: around, options}),
			options,
		);
	}));
	const [, connected, cut] = watchers;
	await (await happen(300)).isReachedByAll(watchers);

	for (const each of [connected, cut]) each.clock.sleep();
	connected.via.hold();
	cut.via.cut();
	const before = watchers.map(({resets}) => resets.length);
	await happen(300);
	const dropped = await log.events();
	assert.ok(await log.query('select to_json(engine.turn_event_slot(now()))'));
	await happen(300);
	await drop(log);
	const now = await Truth.of(server, dropped);
	assert.ok((await log.events()).every(({offset}) => offset > dropped.at(-1).offset));

	for (const each of [connected, cut]) each.clock.wake();
	connected.via.release();
	await now.isReachedByAll(watchers);
	const told = watchers.map(({resets}, n) => resets.slice(before[n]));
	remark(`told: ${told.map((reasons) => reasons.join(', ') || 'nothing').join('; ')}`);
	assert.deepEqual(told[0], []);
	assert.deepEqual(told[2], ['expired']);
	for (const each of watchers) each.close();
}

export default async function retention(check, world) {
	await check('whoever slept while the log dropped what it missed has the state of now, and was told', () => {
		return sleepTooLong(world);
	}, {limit_s: 200});
}
