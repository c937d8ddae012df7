// Mosquitto is killed while people ask, and comes back by itself.
//
// A QoS 0 subscriber misses what a broker accepts before it has subscribed again; that is its own
// affair (the page catches up over HTTP). So that a missing event can only be the relay's fault,
// the test keeps the relay from leading, through the row of its lease, until the subscriber is
// back: then what is heard before the kill and what is heard after must together be the whole log.
import assert from 'node:assert/strict';

import {Client, request} from '../client.mjs';
import {EventLog} from '../event-log.mjs';
import {Server} from '../server.mjs';
import {Storm} from '../storm.mjs';
import {Subscriber} from '../subscriber.mjs';
import {until} from '../until.mjs';

const filters = ['earshot/v1/geo/9q8/y/#'];

/** On each topic the first delivery of every event comes in offset order. */
function assertInOrder(events) {
	const newest = new Map();
	const seen = new Set();
	for (const {topic, offset} of events) {
		if (seen.has(offset)) continue;
		seen.add(offset);
		assert.ok(offset > (newest.get(topic) ?? 0), `${topic}: ${offset} after ${newest.get(topic)}`);
		newest.set(topic, offset);
	}
}

/** On each topic every event but the first names the one before it: nothing is left out between. */
function assertChained(events) {
	const last = new Map();
	for (const {topic, offset, prev} of events) {
		const before = last.get(topic);
		if (before !== undefined && offset > before) assert.equal(prev, before, `${topic}:${offset}`);
		last.set(topic, Math.max(offset, before ?? 0));
	}
}

/** Compares what is heard on both sides of a kill with the log; the relay waits for `meanwhile`. */
async function assertNothingSkipped(server, client, meanwhile = () => {}) {
	const log = new EventLog(server);
	const broker = await client.broker();
	const first = (await log.events()).at(-1).offset;
	const before = await Subscriber.listen(broker, filters);
	const storm = new Storm(client, 8);
	await storm.more(100);
	const held = await log.holdRelay();
	await killBroker(server);
	const after = await Subscriber.listenAsSoonAsPossible(broker, filters);
	await meanwhile();
	await held.release();
	await storm.more(100);
	await storm.end();
	// Then everything is read that the dead broker had sent.
	await until('the first subscriber has connected again', () => before.connection > 1);

	const wanted = (await log.events()).filter(({offset}) => offset > first);
	assert.ok(wanted.length >= 200);
	await until('the relay has caught up', () => log.isRelayed(), 30);
	await after.heard(wanted.at(-1).subject, 30);
	await Promise.all([before.end(), after.end()]);
	const heard = before.events.filter(({connection}) => connection === 1);
	assert.ok(heard.length > 0, 'some were heard before the kill');
	heard.push(...after.events);
	const offsets = new Set(heard.map(({offset}) => offset));
	assert.deepEqual(wanted.filter(({offset}) => !offsets.has(offset)), []);
	assertInOrder(heard);
	assertChained(after.events);
}

async function killBroker(server) {
	const dead = server.killChild('mosquitto');
	await until('Mosquitto is started again', () => {
		const next = server.childNamed('mosquitto');
		return next && next.pid !== dead;
	});
}

export default async function brokerAway(check) {
	const server = await Server.start();
	const log = new EventLog(server);
	try {
		const client = await Client.guest(server);
		const broker = await client.broker();

		await check('while Mosquitto is away every question is accepted and completed', async () => {
			const storm = new Storm(client, 8);
			await storm.more(50);
			await killBroker(server);
			await storm.more(50);
			await storm.end();
			const refused = storm.answers.filter(({status}) => status !== 202);
			assert.deepEqual(refused.map(({error, body}) => error?.message ?? body.detail), []);
			for (const id of storm.accepted) {
				assert.equal((await client.finished(id)).state, 'completed');
			}
		});

		await check('when Mosquitto is back events flow again, in order and without a gap', async () => {
			const subscriber = await Subscriber.listenAsSoonAsPossible(broker, filters);
			const storm = new Storm(client, 8);
			await storm.more(50);
			await storm.end();
			for (const id of storm.accepted) await subscriber.heard(id, 30);
			await subscriber.end();
			assertInOrder(subscriber.events);
			assertChained(subscriber.events);
			await until('the relay has caught up', () => log.isRelayed());
			const {body} = await request(`${server.url}/readyz`);
			assert.equal(body.ready, true, JSON.stringify(body));
		});

		await check('no event is skipped: what one broker did not deliver, the next one does', async () => {
			await assertNothingSkipped(server, client);
		});

		await check('no event is skipped when the relay has lost its lease meanwhile', async () => {
			const lost = /the lease of the relay is lost/g;
			const losses = () => server.said.err.match(lost)?.length ?? 0;
			const before = losses();
			await assertNothingSkipped(server, client, () => {
				return until('the relay gives up its lease', () => losses() > before);
			});
		});
	} finally {
		await server.stop();
	}
}
