// PostgreSQL is killed while requests run, and again each time it comes back: the pause before the
// next start doubles, so that it is away for some seconds. Then it is left alone.
import assert from 'node:assert/strict';

import {remark} from '../case.mjs';
import {Client, request} from '../client.mjs';
import {EventLog} from '../event-log.mjs';
import {Server} from '../server.mjs';
import {Storm} from '../storm.mjs';
import {until} from '../until.mjs';

const kills = 5; // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 s of pauses.

async function killAgainAndAgain(server) {
	for (let i = 0; i < kills; i++) {
		const dead = server.killChild('postgres');
		await until('PostgreSQL is started again', () => {
			const next = server.childNamed('postgres');
			return next && next.pid !== dead;
		});
	}
}

function assertRefusal({status, headers, body}) {
	assert.equal(status, 503, JSON.stringify(body));
	assert.match(headers.get('content-type'), /^application\/problem\+json/);
	assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
	assert.equal(body.status, 503);
	assert.ok(body.type && body.title, JSON.stringify(body));
	assert.doesNotMatch(JSON.stringify(body), /postgres|libpq|sql|127\.0\.0\.1|password/i);
}

/** Looks at /readyz and a list again and again, and keeps what it saw, until `end()`. */
function watch(server, client) {
	const seen = {ready: [], lists: []};
	let isEnding = false;
	const watching = (async () => {
		while (!isEnding) {
			seen.ready.push((await request(`${server.url}/readyz`)).status);
			seen.lists.push(await client.get('/v1/questions?lat=37.7&lon=-122.5&radius_m=9000'));
		}
	})();
	return {
		seen,
		end: async () => {
			isEnding = true;
			await watching;
		},
	};
}

export default async function databaseAway(check) {
	const server = await Server.start();
	try {
		const client = await Client.guest(server);
		let storm;

		await check('while PostgreSQL is away requests are answered 202 or 503, and none hangs', async () => {
			storm = new Storm(client);
			await storm.more(50);
			const watcher = watch(server, client);
			await killAgainAndAgain(server);
			const back_ms = Date.now();
			await storm.more(100, 60);
			remark(`accepting again ${((Date.now() - back_ms) / 1_000).toFixed(1)} s after the last start`);
			await storm.end();
			await watcher.end();

			const errors = storm.answers.map(({error}) => error?.message).filter(Boolean);
			assert.deepEqual(errors, []);
			const refusals = storm.answers.filter(({status}) => status !== 202);
			const lists = watcher.seen.lists.filter(({status}) => status !== 200);
			for (const answer of [...refusals, ...lists]) assertRefusal(answer);
			const slowest_ms = Math.max(...storm.answers.map(({took_ms}) => took_ms));
			remark(`slowest answer ${slowest_ms} ms; ${refusals.length} questions refused, ${lists.length} lists`);
			assert.ok(slowest_ms < 10_000);
			assert.ok(refusals.length > 0 && lists.length > 0);
			assert.ok(watcher.seen.ready.includes(503), '/readyz said so');
		}, {limit_s: 120});

		await check('when PostgreSQL is back everything that was accepted is completed, once', async () => {
			for (const id of storm.accepted) {
				assert.equal((await client.finished(id, 30)).state, 'completed', id);
			}
			const subjects = (await new EventLog(server).events()).map(({subject}) => subject);
			assert.equal(new Set(subjects).size, subjects.length);
			assert.deepEqual(storm.accepted.filter((id) => !subjects.includes(id)), []);
		}, {limit_s: 120});

		await check('when PostgreSQL is back /readyz says so, and events flow', async () => {
			const ready = async () => (await request(`${server.url}/readyz`)).status === 200;
			await until('ready again', ready, 30);
			await until('the relay has caught up', () => new EventLog(server).isRelayed(), 30);
		});
	} finally {
		await server.stop();
	}
}
