// What `earshot up` does while it runs: servers that die or hang, readers and disks that are gone.
import assert from 'node:assert/strict';
import {rmSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';

import {skip} from '../case.mjs';
import {Client, request} from '../client.mjs';
import {Server} from '../server.mjs';
import {until} from '../until.mjs';

const isReady = async (server) => (await request(`${server.url}/readyz`)).status === 200;
const timesSaid = (server, words) => server.said.err.split(words).length - 1;

async function assertServes(server) {
	const client = await Client.guest(server);
	const id = await until('a question is accepted', async () => {
		const {status, body} = await client.ask('Is anybody there?');
		return status === 202 && body.id;
	}, 30);
	assert.equal((await client.finished(id, 30)).state, 'completed');
}

export default async function supervision(check) {
	let server = await Server.start();
	try {
		await check('both servers killed at once are started again, which is said with their last words', async () => {
			const killed = [server.killChild('postgres'), server.killChild('mosquitto')];
			await until('both run again', () =>
				['postgres', 'mosquitto'].every((name) => {
					const child = server.childNamed(name);
					return child && !killed.includes(child.pid);
				}),
			);
			await until('it is ready', () => isReady(server), 30);
			await assertServes(server);
			for (const name of ['PostgreSQL', 'Mosquitto']) {
				const sentence = `${name} ended and will be started again  reason="signal 9 (Killed)"  pause_ms=200  it_said="`;
				assert.equal(timesSaid(server, sentence), 1, server.said.err);
			}
			await until('both are said to be back', () => timesSaid(server, 'is ready again') === 2);
		});

		for (const name of ['mosquitto', 'postgres']) {
			await check(`a ${name} that stands still for a minute is complained of once, then started again`, async () => {
				if (process.env.EARSHOT_TEST_FULL !== '1') skip('needs --full');
				const {pid} = server.childNamed(name);
				const before = timesSaid(server, 'runs but does not answer');
				process.kill(pid, 'SIGSTOP');
				await until('it is replaced', () => {
					const next = server.childNamed(name);
					return next && next.pid !== pid;
				}, 90);
				await until('it is ready', () => isReady(server), 30);
				await assertServes(server);
				assert.equal(timesSaid(server, 'runs but does not answer'), before + 1, server.said.err);
				assert.match(server.said.err, /was stopped and will be started again {2}reason="it did not answer/);
			}, {limit_s: 180});
		}

		await check('whoever reads the output may leave, and the service goes on', async () => {
			await server.stop();
			server = await server.again();
			server.child.stdout.destroy();
			server.child.stderr.destroy();
			server.killChild('mosquitto'); // Something to say.
			await until('it is ready', async () => server.childNamed('mosquitto') && (await isReady(server)));
			await assertServes(server);
			const {code, seconds} = await server.stop();
			assert.equal(code, 0);
			assert.ok(seconds < 10, `${seconds} s`);
		});

		await check('logs on a full disk keep neither the servers nor their restart', async () => {
			for (const log of ['postgres.log', 'mosquitto.log']) {
				rmSync(join(server.dataDir, log));
				symlinkSync('/dev/full', join(server.dataDir, log));
			}
			server = await server.again();
			await assertServes(server);
			const dead = server.killChild('postgres');
			await until('PostgreSQL runs again', () => {
				const next = server.childNamed('postgres');
				return next && next.pid !== dead;
			});
			await assertServes(server);
		});
	} finally {
		await server.stop();
	}
}
