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
	{what: 'earshot is killed once more', kill: (server) => server.kill()},
];

// A batch that was claimed when its worker died is handed on when its lease of 20 s ends.
const lease_s = 20;

export default async function killed(check) {
	let server = await Server.start();
	const guest = await Client.guest(server);
	const accepted = [];
	const clientNow = () => new Client(server.url, guest);
	try {
		for (const {what, kill} of rounds) {
			await check(`${what}: it starts again in seconds, and knows every job it answered 202`, async () => {
				const storm = new Storm(clientNow(), 24);
				await storm.more(150);
				await kill(server);
				await storm.end();
				accepted.push(...storm.accepted);
				const refused = storm.answers.filter((each) => !each.error && each.status !== 202);
				assert.deepEqual(refused.map(({status, body}) => ({status, body})), []);

				server = await server.again();
				remark(`after kill -9 the start takes ${server.ready_s.toFixed(1)} s`);
				assert.ok(server.ready_s < 20, `${server.ready_s} s`);
				for (const id of storm.accepted) {
					assert.equal((await clientNow().get(`/v1/jobs/${id}`)).status, 200, id);
				}
			});
			if (server.hasEnded) return;
		}

		await check('after all of that every 202 is completed, with exactly one event', async () => {
			const end_ms = Date.now() + 2 * lease_s * 1_000;
			for (const id of accepted) {
				const job = await clientNow().finished(id, Math.max(1, (end_ms - Date.now()) / 1_000));
				assert.equal(job.state, 'completed', id);
				assert.equal(job.result.id, id);
			}
			const counts = new Map();
			for (const {subject} of await new EventLog(server).events()) {
				counts.set(subject, (counts.get(subject) ?? 0) + 1);
			}
			assert.deepEqual(accepted.filter((id) => counts.get(id) !== 1), []);
			// What was stored, but whose answer was lost on the way, is whole or not there as well.
			assert.deepEqual([...counts].filter(([, count]) => count !== 1), []);
			for (const id of counts.keys()) {
				assert.equal((await clientNow().get(`/v1/questions/${id}`)).status, 200, id);
			}
			remark(`${accepted.length} were answered 202, ${counts.size} are completed`);
		}, {limit_s: 90});

		await check('after all of that the relay catches up, and a new subscriber hears the next', async () => {
			await until('the relay has caught up', () => new EventLog(server).isRelayed(), 30);
			const client = clientNow();
			const subscriber = await Subscriber.listen(await client.broker(), ['earshot/v1/geo/9q8/y/#']);
			await subscriber.heard(await client.asked('Does everybody hear this?'));
			await subscriber.end();
		});

		await check('after kill -9 of earshot alone both servers end in order by themselves', async () => {
			await server.kill();
			await until('both have ended', () => server.leftovers().length === 0, 20);
			const lastWord = server.file('postgres.log').trim().split('\n').at(-1);
			assert.match(lastWord, /database system is shut down/);
		});
	} finally {
		await server.stop();
	}
}
