// `earshot jobs`: an operator's look at a running system, and what the commands change in it.
import assert from 'node:assert/strict';

import {Client} from '../client.mjs';
import {command} from '../command.mjs';
import {Server} from '../server.mjs';
import {until} from '../until.mjs';

const kind = 'ask_around_me.ask_question';

/** Runs `earshot jobs …` at the server's database. */
const jobs = (server, ...args) => command(server, ['jobs', ...args]);

async function json(server, ...args) {
	const {code, out, stderr} = await jobs(server, ...args, '--json');
	assert.equal(code, 0, stderr);
	return JSON.parse(out);
}

export default async function jobsCommand(check) {
	const server = await Server.start();
	try {
		const client = await Client.guest(server);
		const done = await client.asked('Which job is this?');
		await client.finished(done);

		await check('lists, figures and one job tell what the API tells', async () => {
			const {jobs: listed} = await json(server, 'list');
			assert.deepEqual(listed.map(({id, state}) => [id, state]), [[done, 'completed']]);
			const {caller, failures, ...shown} = await json(server, 'show', done);
			assert.deepEqual(shown, (await client.get(`/v1/jobs/${done}`)).body);
			assert.match(caller, /guest/);
			assert.deepEqual(failures, []);
			const {kinds} = await json(server, 'stats');
			assert.equal(kinds.find((each) => each.kind === kind).completed_24h, 1);
			assert.match((await jobs(server, 'list', '--state', 'completed')).out, new RegExp(done));
			assert.doesNotMatch((await jobs(server, 'list', '--state', 'discarded')).out, new RegExp(done));
		});

		await check('a paused kind is accepted and waits; cancelled there, it is never done', async () => {
			assert.equal((await json(server, 'pause', kind)).paused, true);
			const [first, second] = [await client.asked('First?'), await client.asked('Second?')];
			assert.equal((await json(server, 'cancel', first)).state, 'cancelled');
			assert.equal((await client.get(`/v1/jobs/${first}`)).body.state, 'cancelled');
			const waiting = (await json(server, 'stats')).kinds.find((each) => each.kind === kind);
			assert.deepEqual([waiting.paused, waiting.ready], [true, 1]);

			assert.equal((await json(server, 'resume', kind)).paused, false);
			assert.equal((await client.finished(second)).state, 'completed');
			assert.equal((await client.get(`/v1/questions/${first}`)).status, 404);
		});

		await check('what an operator discarded is carried out after all when sent round again', async () => {
			await json(server, 'pause', kind);
			const [first, second] = [await client.asked('Fourth?'), await client.asked('Fifth?')];
			for (const id of [first, second]) {
				assert.equal((await json(server, 'discard', id, '--reason', 'not today')).state, 'discarded');
			}
			const ended = (await client.get(`/v1/jobs/${first}`)).body;
			assert.deepEqual([ended.state, ended.problem.detail], ['discarded', 'not today']);
			await json(server, 'resume', kind);

			assert.deepEqual(await json(server, 'retry', first), {jobs: [{id: first, outcome: 'redriven'}]});
			assert.deepEqual(await json(server, 'retry', '--kind', kind), {
				jobs: [{id: second, outcome: 'redriven'}],
			});
			for (const id of [first, second]) {
				const {state, version} = await client.finished(id);
				assert.equal(state, 'completed');
				assert.ok(version > ended.version);
			}
			const again = await jobs(server, 'retry', first);
			assert.deepEqual([again.code, again.out], [1, `completed  ${first}`]);
			assert.match((await jobs(server, 'retry')).stderr, /name a job/);
		});

		await check('what cannot be done is refused with the reason', async () => {
			for (const [args, reason] of [
				[['cancel', done], /has ended/],
				[['cancel', '0000000000001'], /there is no job/],
				[['show', '0000000000001'], /there is no job/],
				[['show', 'nonsense'], /no job id/],
				[['list', '--state', 'gone'], /gone/],
			]) {
				const {code, out, stderr} = await jobs(server, ...args);
				assert.notEqual(code, 0);
				assert.equal(out, '');
				assert.match(stderr, reason);
			}
		});

		await check('a caller cancels over HTTP, and hears that it is too late', async () => {
			await json(server, 'pause', kind);
			const id = await client.asked('Third?');
			const {status, body} = await client.request(`/v1/jobs/${id}`, {method: 'DELETE'});
			assert.deepEqual([status, body.state], [200, 'cancelled']);
			await json(server, 'resume', kind);
			await until('it is too late', async () => {
				return (await client.request(`/v1/jobs/${id}`, {method: 'DELETE'})).status === 409;
			});
		});
	} finally {
		await server.stop();
	}
}
