// The ordinary end, with clients connected, and the start after it.
import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {connect} from 'node:net';

import {remark} from '../case.mjs';
import {Client} from '../client.mjs';
import {freePorts} from '../ports.mjs';
import {childrenOf, familyOf} from '../processes.mjs';
import {newDataDir, Server} from '../server.mjs';
import {Storm} from '../storm.mjs';
import {Subscriber} from '../subscriber.mjs';
import {until} from '../until.mjs';

/** A connection that sends the beginning of a request, and then nothing. */
function halfARequest(port) {
	return new Promise((resolve, reject) => {
		const socket = connect(port, '127.0.0.1', () => {
			socket.write('POST /v1/questions HTTP/1.1\r\nHost: localhost\r\n');
			resolve(socket);
		});
		socket.on('error', reject);
	});
}

function assertGone(server, family) {
	const left = family.filter(({pid}) => existsSync(`/proc/${pid}`));
	assert.deepEqual(left, []);
	assert.deepEqual(server.leftovers(), []);
	const lastWord = server.file('postgres.log').trim().split('\n').at(-1);
	assert.match(lastWord, /database system is shut down/);
	assert.equal(server.file('earshot.pid'), undefined);
}

export default async function stop(check) {
	let server = await Server.start();

	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
		await check(`${signal} stops everything in order within 10 s, whoever is connected`, async () => {
			const client = await Client.guest(server);
			const subscriber = await Subscriber.listen(await client.broker(), ['earshot/v1/geo/9q8/y/#']);
			const half = await halfARequest(server.ports.http);
			const storm = new Storm(client);
			await storm.more(50);
			const family = familyOf(server.pid);
			const {code, killedBy, seconds} = await server.stop(signal);
			await storm.end();
			await subscriber.end();
			half.destroy();
			remark(`${signal}: ended after ${seconds.toFixed(1)} s`);
			assert.equal(code, 0, `exit ${code ?? killedBy}: ${server.said.err}`);
			assert.ok(seconds < 10, `${seconds} s`);
			assertGone(server, family);
			for (const {status} of storm.answers.filter((each) => !each.error)) {
				assert.ok([202, 503].includes(status), `${status}`);
			}

			server = await server.again();
			remark(`the next start takes ${server.ready_s.toFixed(1)} s`);
			assert.ok(server.ready_s < 10, `${server.ready_s} s`);
			const next = new Client(server.url, client);
			for (const accepted of storm.accepted) {
				assert.equal((await next.finished(accepted, /* a lease and more */ 30)).state, 'completed');
			}
		});
	}

	await check('as soon as it says that it is ready, a question is accepted', async () => {
		const guest = await Client.guest(server);
		for (let i = 0; i < 3; i++) {
			await server.stop();
			server = await server.again();
			await new Client(server.url, guest).asked('Is anybody there already?');
		}
	});

	await check('a second Ctrl-C stops the servers at once, which is said, and loses nothing', async () => {
		const client = await Client.guest(server);
		const id = await client.asked('Will this be there?');
		await client.finished(id);
		// PostgreSQL does not end in order while one of its processes stands still.
		const [standing] = childrenOf(server.childNamed('postgres').pid);
		process.kill(standing.pid, 'SIGSTOP');
		process.kill(server.pid, 'SIGINT');
		await until('it says that it stops', () => server.said.out.includes('stopping'));
		const {code, seconds} = await server.stop('SIGINT');
		remark(`two Ctrl-C: ended after ${seconds.toFixed(1)} s`);
		assert.equal(code, 0, server.said.err);
		assert.match(server.said.err, /the servers were stopped at once, as asked/);
		await until('nothing is left', () => server.leftovers().length === 0, 5);
		server = await server.again();
		assert.equal((await new Client(server.url, client).get(`/v1/questions/${id}`)).status, 200);
	});

	await check('a stop during the first initdb is noticed at once and hinders no later start', async () => {
		const [http, mqtt, webSocket] = await freePorts(3);
		const first = new Server(newDataDir(), {http, mqtt, webSocket}, []);
		await until('initdb runs', () => existsSync(`${first.dataDir}/postgres.new/base`));
		const {code, seconds} = await first.stop('SIGTERM');
		assert.equal(code, 0, first.said.err);
		assert.ok(seconds < 3, `${seconds} s`);
		assert.deepEqual(first.leftovers(), []);
		assert.ok(!existsSync(`${first.dataDir}/postgres.new`));
		const next = await first.again();
		await next.stop();
	});

	await check('a stop during the start leaves nothing running', async () => {
		await server.stop();
		const early = new Server(server.dataDir, server.ports, []);
		while (!early.childNamed('postgres')) await new Promise((resolve) => setTimeout(resolve, 5));
		const {code, seconds} = await early.stop('SIGINT');
		assert.equal(code, 0, early.said.err);
		assert.ok(seconds < 10);
		assert.deepEqual(early.leftovers(), []);
	});
}
