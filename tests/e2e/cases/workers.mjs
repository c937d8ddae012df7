// Workers that are no part of the program: the example of docs/workers.md carries out jobs for real.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {refusedUp, newDataDir, Server} from '../server.mjs';
import {until} from '../until.mjs';
import {clientWith, ExampleWorker, withKinds} from '../worker.mjs';

const within_s = 60;

async function asked(client, pages) {
	const body = {kind: 'acme.render', args: {pages}};
	const {status, body: job} = await client.request('/v1/jobs', {method: 'POST', body});
	assert.equal(status, 202);
	return job.id;
}

function becomes(client, id, what, fact) {
	return until(`job ${id} ${what}`, async () => {
		const {body} = await client.get(`/v1/jobs/${id}`);
		return fact(body) && body;
	}, within_s);
}

export default async function workers(check) {
	await check('a kind that cannot be understood ends the start, and says where', async () => {
		const config = join(process.env.EARSHOT_TEST_SCRATCH, 'wrong.toml');
		for (const [kind, reason] of [
			['name = "acme.render"\ncolour = 1', /acme\.render: \/colour/],
			['name = "acme.render"\nargs_schema = "none.json"', /none\.json is empty, or not there/],
			['name = "echo.say"', /echo\.say: this program carries out that kind itself/],
		]) {
			writeFileSync(config, `[[kinds]]\n${kind}\n`);
			const {errorLines} = await refusedUp(['--data-dir', newDataDir(), '--config', config]);
			assert.match(errorLines.join('\n'), reason);
		}
	}, {limit_s: 180});

	let server = await Server.start({args: withKinds});
	let worker;
	try {
		const client = await clientWith(server, 'worker');
		worker = new ExampleWorker(client);

		await check('the example worker carries out a job, and shows how far it is', async () => {
			const id = await asked(client, 20);
			await becomes(client, id, 'shows progress', ({progress}) => progress?.percent > 0);
			const job = await client.finished(id, within_s);
			assert.deepEqual([job.state, job.result, job.attempt], ['completed', {pages: 20}, 1]);
		}, {limit_s: 120});

		await check('it stops when its job is cancelled, and takes the next', async () => {
			const id = await asked(client, 1_000);
			await becomes(client, id, 'runs', ({state}) => state === 'running');
			const {status} = await client.request(`/v1/jobs/${id}`, {method: 'DELETE'});
			assert.equal(status, 202);
			assert.equal((await client.finished(id, within_s)).state, 'cancelled');
			assert.equal((await client.finished(await asked(client, 1), within_s)).state, 'completed');
		}, {limit_s: 180});

		await check('a result that the kind does not allow fails the job', async () => {
			const {state, problem} = await client.finished(await asked(client, 3), within_s);
			assert.equal(state, 'discarded');
			assert.match(problem.detail, /Nothing is stored/);
		}, {limit_s: 180});

		await check('what a killed worker had is carried out by another', async () => {
			const id = await asked(client, 10);
			await becomes(client, id, 'runs', ({state}) => state === 'running');
			await worker.end('SIGKILL');
			worker = new ExampleWorker(client);
			const job = await client.finished(id, within_s);
			assert.equal(job.state, 'completed');
		}, {limit_s: 120});

		await check('a worker outlives a restart of the service', async () => {
			const id = await asked(client, 25);
			await becomes(client, id, 'runs', ({state}) => state === 'running');
			await server.stop();
			server = await server.again({args: withKinds});
			assert.equal((await client.finished(id, within_s)).state, 'completed');
		}, {limit_s: 180});

		await check('a worker that is told to stop gives its job back', async () => {
			const id = await asked(client, 1_000);
			await becomes(client, id, 'runs', ({state}) => state === 'running');
			await worker.end('SIGTERM');
			const job = await becomes(client, id, 'waits again', ({state}) => state === 'available');
			assert.equal(job.attempt, 0);
		}, {limit_s: 120});
	} finally {
		await worker?.end('SIGKILL');
		await server.stop();
	}
}
