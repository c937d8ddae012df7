// PostgreSQL stands still under load, as on a hanging disk or a paused virtual machine: its sockets
// stay open and nothing answers. Then it goes on, and so must everything else.
import {execFile} from 'node:child_process';
import assert from 'node:assert/strict';
import {promisify} from 'node:util';

import {percentile} from '../bench/frame.mjs';
import {remark} from '../e2e/case.mjs';
import {Client, request} from '../e2e/client.mjs';
import {childrenOf} from '../e2e/processes.mjs';
import {Server} from '../e2e/server.mjs';
import {until} from '../e2e/until.mjs';
import {OpenLoad} from './open-load.mjs';

const isFull = process.env.EARSHOT_TEST_FULL === '1';
const rate = 500;
const stop_s = isFull ? 45 : 8;
const recovery_s = 15;
const judged_s = 5;
const answer_ms = 10_000;

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

/** Stops every process of PostgreSQL; without the postmaster it goes on making new ones. */
function freeze(server, {withPostmaster}) {
	const postmaster = server.childNamed('postgres').pid;
	const frozen = withPostmaster ? [postmaster] : [];
	for (const pid of frozen) process.kill(pid, 'SIGSTOP'); // First, so that it makes no more.
	for (const {pid} of childrenOf(postmaster)) {
		process.kill(pid, 'SIGSTOP');
		frozen.push(pid);
	}
	return () => {
		for (const pid of frozen.reverse()) {
			try {
				process.kill(pid, 'SIGCONT');
			} catch (error) {
				if (error.code !== 'ESRCH') throw error;
			}
		}
	};
}

async function rows(server, sql) {
	const port = server.file('postgres.port').trim();
	const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', port];
	const {stdout} = await promisify(execFile)('psql', [...args, '-U', 'earshot', '-c', sql, 'earshot'], {
		env: {PATH: process.env.PATH, PGPASSWORD: server.file('postgres/earshot.password').trim()},
		maxBuffer: 100_000_000,
		timeout: 60_000,
	});
	return stdout.split('\n').filter(Boolean);
}

/** The number that a job's id stands for. */
function numberOf(id) {
	const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
	return [...id].reduce((value, letter) => value * 32n + BigInt(alphabet.indexOf(letter)), 0n);
}

function describe(name, asked) {
	const byStatus = Object.groupBy(asked, ({status}) => status ?? 'none');
	const parts = Object.entries(byStatus).map(([status, each]) => {
		const took = each.map(({took_ms}) => took_ms);
		return `${each.length} × ${status} (p50 ${percentile(took, 0.5)} ms, p99 ${percentile(took, 0.99)} ms, max ${Math.max(...took)} ms)`;
	});
	remark(`${name}: ${parts.join(', ')}`);
}

function assertAnswered(asked) {
	assert.deepEqual(asked.filter(({error}) => error).slice(0, 5), []);
	assert.deepEqual(asked.filter(({took_ms}) => took_ms > answer_ms).slice(0, 5), []);
	for (const {status, retryAfter, body} of asked) {
		if (status === 202) continue;
		assert.equal(status, 503, JSON.stringify(body));
		assert.match(retryAfter ?? '', /^[1-9]\d*$/);
		assert.ok(body.type && body.title, JSON.stringify(body));
	}
}

/** GET routes while the database stands still: how long the slowest took. */
async function slowestReading(client, stopped) {
	let slowest_ms = 0;
	while (!stopped.isOver) {
		for (const path of ['/v1/questions?lat=37.7&lon=-122.5&radius_m=9000', '/readyz', '/livez']) {
			const start_ms = Date.now();
			const {status} = await request(`${client.url}${path}`, {token: client.token});
			assert.ok([200, 503].includes(status), `${path}: ${status}`);
			slowest_ms = Math.max(slowest_ms, Date.now() - start_ms);
		}
		await sleep(0.1);
	}
	return slowest_ms;
}

async function stopUnderLoad(server, client, how) {
	const load = new OpenLoad(client, rate);
	await sleep(3);
	const frozen_ms = Date.now();
	const thaw = freeze(server, how);
	const stopped = {isOver: false};
	const reading = slowestReading(client, stopped);
	reading.catch(() => {}); // It is awaited below, whatever happens before.
	try {
		await sleep(stop_s);
	} finally {
		thaw();
	}
	const thawed_ms = Date.now();
	await sleep(recovery_s + judged_s);
	stopped.isOver = true;
	await load.end();
	const slowest_ms = await reading;

	const judged_ms = thawed_ms + recovery_s * 1_000;
	const judged = load.askedBetween(judged_ms, judged_ms + judged_s * 1_000);
	describe('before', load.askedBetween(0, frozen_ms));
	describe('stopped', load.askedBetween(frozen_ms, thawed_ms));
	describe('going on', load.askedBetween(thawed_ms, judged_ms));
	describe('afterwards', judged);
	const firstAgain = load.asked.find(({at_ms, status}) => at_ms >= thawed_ms && status === 202);
	remark(`slowest read ${slowest_ms} ms; accepting again ${firstAgain?.at_ms - thawed_ms} ms after the stop`);
	return {load, judged, slowest_ms};
}

export default async function databaseStopped(check) {
	const server = await Server.start();
	const accepted = [];
	try {
		const client = await Client.guest(server);
		const kinds = [
			['all processes of PostgreSQL but the postmaster', {withPostmaster: false}],
			['PostgreSQL as a whole', {withPostmaster: true}],
		];
		for (const [what, how] of kinds) {
			const limit_s = stop_s + recovery_s + judged_s + 60;
			let run;
			await check(`${rate} requests a second are all answered while ${what} stands still for ${stop_s} s`, async () => {
				run = await stopUnderLoad(server, client, how);
				accepted.push(...run.load.asked.filter(({status}) => status === 202));
				assertAnswered(run.load.asked);
				assert.ok(run.slowest_ms < answer_ms, `a read took ${run.slowest_ms} ms`);
			}, {limit_s});

			await check(`${recovery_s} s after ${what} went on the full rate is accepted`, async () => {
				const good = run.judged.filter(({status}) => status === 202).length;
				assert.ok(run.judged.length >= rate * judged_s * 0.95, `only ${run.judged.length} were asked`);
				assert.ok(good >= run.judged.length * 0.95, `${good} of ${run.judged.length}`);
			});
		}

		await check('whatever was accepted is stored and carried out, once', async () => {
			const open = 'select (select count(*) from engine.job) - (select count(*) from engine.result)';
			await until('every job has ended', async () => (await rows(server, open))[0] === '0', 120);
			const ids = accepted.map(({body}) => body.id);
			assert.equal(new Set(ids).size, ids.length);
			const stored = new Set(await rows(server, 'select id from ask_around_me.question'));
			assert.deepEqual(ids.filter((id) => !stored.has(String(numberOf(id)))).slice(0, 5), []);
			const events = await rows(server, 'select subject from engine.event');
			assert.equal(new Set(events).size, events.length);
			const announced = new Set(events);
			assert.deepEqual(ids.filter((id) => !announced.has(id)).slice(0, 5), []);
			for (const id of ids.filter((_, n) => n % Math.ceil(ids.length / 200) === 0)) {
				assert.equal((await client.get(`/v1/jobs/${id}`)).body.state, 'completed', id);
			}
			remark(`${ids.length} accepted, ${stored.size} stored`);
		}, {limit_s: 240});
	} finally {
		await server.stop();
	}
}
