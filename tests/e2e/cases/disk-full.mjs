// The data directory on a disk that is full: reads go on, nothing that was promised is lost.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {chownSync, cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

import {remark, skip} from '../case.mjs';
import {Client, request} from '../client.mjs';
import {EventLog} from '../event-log.mjs';
import {freePorts} from '../ports.mjs';
import {newDataDir, refusedUp, Server} from '../server.mjs';
import {Storm} from '../storm.mjs';
import {until} from '../until.mjs';

/** A disk of its own for one folder, gone with this process at the latest. */
class SmallDisk {
	constructor(folder, mib) {
		this.folder = folder;
		mkdirSync(folder, {recursive: true});
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=700`, 'earshot-test', folder]);
		this.release = () => {
			process.off('exit', this.release);
			execFileSync('umount', ['--lazy', folder]);
		};
		process.once('exit', this.release);
	}

	resize(mib) {
		execFileSync('mount', ['-o', `remount,size=${mib}m`, this.folder]);
	}

	/** Takes every last block. */
	fill() {
		const ballast = join(this.folder, 'ballast');
		execFileSync('sh', ['-c', 'cat /dev/zero > "$1" 2>/dev/null || true', 'sh', ballast]);
	}

	free() {
		rmSync(join(this.folder, 'ballast'));
	}
}

/** Moves PostgreSQL's log onto a disk of its own, as careful operators do. */
function moveWalTo(folder, server) {
	const wal = join(server.dataDir, 'postgres/pg_wal');
	const {uid, gid} = statSync(wal);
	cpSync(wal, folder, {recursive: true, preserveTimestamps: true});
	execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
	rmSync(wal, {recursive: true});
	symlinkSync(folder, wal);
	chownSync(folder, uid, gid);
}

/** Writes as much log as goes, with the service's own account. Ends when the database does. */
async function writeMuchWal(server) {
	const env = {PATH: process.env.PATH, PGPASSWORD: server.file('postgres/earshot.password').trim()};
	const port = server.file('postgres.port').trim();
	const sql = `set statement_timeout = 0; create table much as
		select repeat(md5(i::text), 20) as text from generate_series(1, 200000) i`;
	await promisify(execFile)(
		'psql',
		['-X', '-q', '-h', '127.0.0.1', '-p', port, '-U', 'earshot', '-c', sql, 'earshot'],
		{env, timeout: 60_000},
	).then(
		() => assert.fail('the log found room for all of it'),
		() => undefined,
	);
}

async function assertAllDone(server, client, accepted) {
	for (const id of accepted) {
		assert.equal((await client.finished(id, 40)).state, 'completed', id);
	}
	const subjects = (await new EventLog(server).events()).map(({subject}) => subject);
	assert.equal(new Set(subjects).size, subjects.length);
	assert.deepEqual(accepted.filter((id) => !subjects.includes(id)), []);
}

const timesSaid = (server, words) => server.said.err.split(words).length - 1;

export default async function diskFull(check) {
	if (process.getuid() !== 0) {
		await check('a disk that is full loses nothing', () => skip('needs root, to make a small disk'));
		return;
	}
	const disk = new SmallDisk(newDataDir(), 24);
	const walDisk = new SmallDisk(newDataDir(), 96);
	const [http, mqtt, webSocket] = await freePorts(3);
	const ports = [http, mqtt, webSocket];
	let server;
	let client;
	const accepted = [];
	try {
		await check('a disk without room for a new database is one clear line, and nothing half made stays', async () => {
			const refusal = await refusedUp([
				...['--data-dir', disk.folder, '--http-port', String(http)],
				...['--mqtt-port', String(mqtt), '--mqtt-ws-port', String(webSocket)],
			]);
			assert.equal(refusal.code, 1);
			assert.equal(refusal.errorLines.length, 1, refusal.errorLines.join('\n'));
			assert.match(refusal.errorLines[0], /No space left on device; the disk is full: free some space/);
			assert.ok(!readdirSync(disk.folder).some((name) => name.startsWith('postgres.new')));
			disk.resize(400);
			server = await Server.start({dataDir: disk.folder, ports});
			client = await Client.guest(server);
			accepted.push(await client.asked('Is there room now?'));
		});
		if (!server) return;

		await check('with a full disk commands are refused with 503 and reads work, until there is room', async () => {
			await client.finished(accepted[0]);
			disk.fill();
			const storm = new Storm(client);
			await until('a question is refused', () => storm.answers.some(({status}) => status === 503), 40);
			const list = await client.get('/v1/questions?lat=37.7793&lon=-122.4193&radius_m=8000');
			assert.equal(list.status, 200, JSON.stringify(list.body));
			assert.equal((await request(`${server.url}/livez`)).status, 200);
			assert.equal(timesSaid(server, 'PostgreSQL ended'), 0, server.said.err);
			disk.free();
			const beforeFreed = storm.accepted.length;
			await storm.more(50, 60);
			await storm.end();
			remark(`full: ${beforeFreed} accepted, ${storm.answers.filter(({status}) => status === 503).length} refused`);
			const others = storm.answers.filter(({status}) => ![202, 503].includes(status));
			assert.deepEqual(others, []);
			accepted.push(...storm.accepted);
			await assertAllDone(server, client, accepted);
		}, {limit_s: 120});

		await check('with a full log PostgreSQL is started again and again, and nothing is lost', async () => {
			await server.stop();
			moveWalTo(walDisk.folder, server);
			server = await server.again();
			client = new Client(server.url, client);
			const storm = new Storm(client);
			await storm.more(100);
			walDisk.fill();
			await writeMuchWal(server);
			await until('it was started again in vain', () =>
				timesSaid(server, 'PostgreSQL ended and will be started again') >= 3, 60);
			assert.match(server.said.err, /No space left on device; the disk is full/);
			assert.match(server.said.err, /pause_ms=400 /);
			const refused = await client.ask('Now?');
			assert.equal(refused.status, 503);
			walDisk.free();
			const freed_ms = Date.now();
			await storm.more(50, 60);
			remark(`accepting again ${((Date.now() - freed_ms) / 1_000).toFixed(1)} s after there was room`);
			await storm.end();
			accepted.push(...storm.accepted);
			await assertAllDone(server, client, accepted);
		}, {limit_s: 180});
	} finally {
		await server?.stop();
		walDisk.release();
		disk.release();
	}
}
