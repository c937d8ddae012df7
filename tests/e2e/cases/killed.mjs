// kill -9 right after a 202 loses nothing.
import assert from 'node:assert/strict';

import {remark} from '../case.mjs';
import {Client} from '../client.mjs';
import {EventLog} from '../event-log.mjs';
import {Server} from '../server.mjs';
import {Storm} from '../storm.mjs';
import {Subscriber} from '../subscriber.mjs';
import {until} from '../until.mjs';

const rounds = [
	{what: 'earshot is killed while many ask', kill: (server) => server.kill()},
	{what: 'earshot and both its servers are killed at once', kill: (server) => server.killFamily()},
	{what: 'earshot is killed a second time', kill: (server) => server.kill()},
];

/** Everything that was accepted is done, and announced exactly once. */
async function assertNothingLost(server, client, accepted) {
	for (const id of accepted) {
		const job = await client.finished(id);
		assert.equal(job.state, 'completed', id);
		assert.equal(job.result.id, id);
	}
	const log = new EventLog(server);
	await until('the relay has caught up', () => log.isRelayed(), 30);
	const counts = new Map();
	for (const {subject} of await log.events()) counts.set(subject, (counts.get(subject) ?? 0) + 1);
	assert.deepEqual(accepted.filter((id) => counts.get(id) !== 1), [], 'one event each');
	assert.deepEqual([...counts].filter(([, count]) => count !== 1), [], 'no event twice');
	// What was committed, but whose answer was lost on the way, is a whole question all the same.
	for (const id of counts.keys()) {
		assert.equal((await client.get(`/v1/questions/${id}`)).status, 200, id);
	}
}

export default async function killed(check) {
	let server = await Server.start();
	try {
		const guest = await Client.guest(server);
		const accepted = [];

		for (const {what, kill} of rounds) {
			await check(`${what}: every 202 is completed, with exactly one event`, async () => {
				const storm = new Storm(new Client(server.url, guest), 24);
				await storm.more(150);
				await kill(server);
				await storm.end();
				accepted.push(...storm.accepted);
				const refused = storm.answers.filter((each) => !each.error && each.status !== 202);
				assert.deepEqual(refused.map(({status, body}) => ({status, body})), []);

				server = await server.again();
				remark(`after kill -9 the start takes ${server.ready_s.toFixed(1)} s`);
				assert.ok(server.ready_s < 20, `${server.ready_s} s`);
				await assertNothingLost(server, new Client(server.url, guest), accepted);
			}, {limit_s: 90});
		}

		await check('after it was killed a new subscriber hears what is asked next', async () => {
			const client = new Client(server.url, guest);
			const subscriber = await Subscriber.listen(await client.broker(), ['earshot/v1/geo/9q8/y/#']);
			await subscriber.heard(await client.asked('Does everybody hear this?'));
			await subscriber.end();
		});
	} finally {
		await server.stop();
	}
}
