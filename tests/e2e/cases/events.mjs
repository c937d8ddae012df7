// `earshot events tail`: what an operator sees of the event log near a place.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

import {Client} from '../client.mjs';
import {command} from '../command.mjs';
import {Server} from '../server.mjs';
import {until} from '../until.mjs';

const here = ['--near', '37.7793,-122.4193', '--radius', '500'];

/** A tail that runs until `end()`; its lines are in `lines`. */
class Tail {
	lines = [];

	constructor(server, args) {
		this.child = spawn(
			process.env.EARSHOT_BINARY,
			['events', 'tail', ...args, '--data-dir', server.dataDir],
			{env: {PATH: process.env.PATH, HOME: process.env.HOME ?? '/'}},
		);
		this.exited = new Promise((resolve) => this.child.once('close', resolve));
		createInterface({input: this.child.stdout}).on('line', (line) => this.lines.push(line));
	}

	async end() {
		this.child.kill('SIGINT');
		await this.exited;
	}
}

export default async function eventsCommand(check) {
	const server = await Server.start();
	const tails = [];
	const tail = (...args) => {
		tails.push(new Tail(server, args));
		return tails.at(-1);
	};
	try {
		const client = await Client.guest(server);
		const position = (await client.get('/v1/events?cells=9q8yy')).body.position;
		const follower = tail(...here, '--after', position, '--json');
		const near = await client.asked('Near?');
		await client.finished(near);

		await check('an event is shown as it is committed, as subscribers get it', async () => {
			await until('the event is shown', () => follower.lines.length > 0);
			const event = JSON.parse(follower.lines[0]);
			const {body} = await client.get(`/v1/events?cells=9q8yy&after=${position}`);
			assert.deepEqual(event, body.events[0]);
			assert.equal(event.subject, near);
		});

		await check('without --json it is a line, and --once stops at the end', async () => {
			const {code, out} = await command(server,
				['events', 'tail', ...here, '--after', position, '--once']);
			assert.equal(code, 0);
			assert.match(out, new RegExp(`question\\.asked .* m  ${near}$`, 'm'));
		});

		await check('what is farther away than the radius is not shown, though its cell is read', async () => {
			const narrow = ['--near', '37.7793,-122.4193', '--radius', '1', '--after', position];
			const {code, out} = await command(server, ['events', 'tail', ...narrow, '--once']);
			assert.deepEqual([code, out], [0, '']);
		});

		await check('a place or position that is none is refused in words', async () => {
			const refused = await command(server, ['events', 'tail', '--near', '95,0', '--once']);
			assert.equal(refused.code, 1);
			assert.match(refused.stderr, /--near: the latitude must be a number/);
			const old = await command(server, ['events', 'tail', ...here, '--after', '1-1:5', '--once']);
			assert.equal(old.code, 1);
			assert.match(old.stderr, /another history/);
		});
	} finally {
		await Promise.all(tails.map((each) => each.end()));
		await server.stop();
	}
}
