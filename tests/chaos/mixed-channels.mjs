// The same jobs followed in four ways at once, while every process of the service is killed: all see
// the same end, nobody sees a version go back, and repeats of all meet one job.
import assert from 'node:assert/strict';

import {remark} from '../e2e/case.mjs';
import {Client, sanFrancisco} from '../e2e/client.mjs';
import {EventLog} from '../e2e/event-log.mjs';
import {Random, firstSeed} from '../e2e/random.mjs';
import {Server} from '../e2e/server.mjs';
import {Subscriber} from '../e2e/subscriber.mjs';
import {until} from '../e2e/until.mjs';

const rounds = process.env.EARSHOT_TEST_FULL === '1' ? 10 : 1;
const jobsPerFault = 12;
const args = ['--rate-limits', 'off'];
const finals = ['completed', 'discarded', 'cancelled'];
// Who is killed takes its leases along, which end after 20 s; and there may be several of them.
const end_s = 120;

const faults = [
	{what: 'PostgreSQL is killed', strike: (server) => (server.killChild('postgres'), server)},
	{what: 'the broker is killed', strike: (server) => (server.killChild('mosquitto'), server)},
	{what: 'earshot is killed', strike: async (server) => (await server.kill(), server.again({args}))},
	{what: 'all are killed', strike: async (server) => (await server.killFamily(), server.again({args}))},
];

/** One way of following one job: it asks for it itself, with the key of all the others. */
class Follower {
	versions = [];
	pushed = [];
	repeats = 0;

	constructor(command, {client, random}) {
		this.command = command;
		this.client = client;
		this.random = random;
	}

	/** Asks until it is answered: by nobody, or by one who has no time, is no answer. */
	async answered(path, options) {
		for (;;) {
			try {
				const answer = await this.client().request(path, options);
				if (answer.status < 400) return answer;
				if (answer.status !== 503) throw new Error(`${path}: ${answer.status} ${answer.body.detail}`);
			} catch (error) {
				if (!['TypeError', 'TimeoutError'].includes(error.name)) throw error;
			}
			await this.pause(20, 300);
		}
	}

	pause(least_ms, most_ms) {
		return new Promise((resolve) => setTimeout(resolve, this.random.whole(least_ms, most_ms)));
	}

	async post(headers = {}) {
		const {path, body, key} = this.command;
		const answer = await this.answered(path, {
			method: 'POST',
			body,
			headers: {'idempotency-key': key, ...headers},
		});
		if (answer.headers.get('idempotency-replayed') === 'true') this.repeats++;
		this.id ??= answer.body.id;
		assert.equal(answer.body.id, this.id, 'a repeat met another job');
		return answer;
	}

	/** Keeps what was seen. Returns whether it is the end. */
	sees(job) {
		this.versions.push(job.version);
		this.job = job;
		return finals.includes(job.state);
	}

	/** The same of what was pushed. It may be older than what a GET has told meanwhile, and is then too late. */
	hears(job) {
		this.pushed.push(job.version);
		return job.version > (this.job?.version ?? 0) && this.sees(job);
	}

	async get(headers) {
		const known = this.etag ? {'if-none-match': this.etag} : {};
		const answer = await this.answered(`/v1/jobs/${this.id}`, {headers: {...known, ...headers}});
		if (answer.status === 304) return false;
		this.etag = answer.headers.get('etag');
		return this.sees(answer.body);
	}
}

const channels = {
	async waits(follower) {
		while (!follower.sees((await follower.post({prefer: 'wait=5'})).body));
	},
	async polls(follower) {
		await follower.post();
		while (!(await follower.get())) await follower.pause(50, 400);
	},
	async longPolls(follower) {
		await follower.post();
		while (!(await follower.get({prefer: 'wait=5'})));
	},
	/** Speed by push, truth by GET: what is pushed while nobody is there is not pushed again. */
	async listens(follower, heard) {
		await follower.post();
		const topic = `/${follower.id}`;
		let taken = 0;
		const hasEnded = () => {
			const messages = heard().filter((each) => each.topic.endsWith(topic));
			return messages.slice(taken, (taken = messages.length)).some(({payload}) => follower.hears(JSON.parse(payload)));
		};
		while (!hasEnded()) {
			await follower.pause(100, 200);
			if (follower.random.whole(0, 20) === 0 && (await follower.get())) return;
		}
	},
};

/** A short or a long job. */
function commandOf(number, mark) {
	const key = `${mark}-${number}`;
	if (number % 3 > 0) return {path: '/v1/echo', body: {text: `job ${key}`}, key};
	return {path: '/v1/digests', body: {...sanFrancisco, radius_m: 5_000}, key};
}

export default async function mixedChannels(check) {
	const random = new Random(firstSeed);
	let server = await Server.start({args});
	let subscriber;
	try {
		const guest = await Client.guest(server);
		const client = () => new Client(server.url, guest);
		for (let n = 0; n < 20; n++) await client().asked(`Number ${n}?`);
		const broker = await client().broker();
		subscriber = await Subscriber.listen(broker, [`earshot/v1/users/${broker.client_id.split('.')[0]}/jobs/+`]);
		const heard = () => subscriber.messages;
		const followed = []; // One list of followers for each job.

		for (let round = 0; round < rounds; round++) {
			for (const {what, strike} of faults) {
				await check(`${what} while jobs are waited for, polled, long-polled and listened to: all end alike`, async () => {
					const mark = `${round}/${what}/${firstSeed}`.replaceAll(' ', '-');
					const strikeAt = random.whole(2, jobsPerFault - 2);
					const mine = [];
					const ends = [];
					let struck;
					for (let number = 0; number < jobsPerFault; number++) {
						const command = commandOf(number, mark);
						const followers = Object.entries(channels).map(([name, follow]) => {
							const follower = new Follower(command, {client, random});
							ends.push(follow(follower, heard).then(() => (follower.name = name)));
							return follower;
						});
						mine.push(followers);
						if (number === strikeAt) struck = Promise.resolve(strike(server)).then((next) => (server = next));
						await followers[0].pause(10, 60);
					}
					await struck;
					await Promise.all(ends);
					for (const followers of mine) {
						const [first] = followers;
						assert.equal(first.job.state, 'completed', JSON.stringify(first.job));
						assert.equal(new Set(followers.map(({id}) => id)).size, 1, 'one key, several jobs');
						for (const {name, job, versions, pushed, id} of followers) {
							assert.deepEqual(job, first.job, `${name} and ${first.name} end differently`);
							for (const seen of [versions, pushed]) {
								assert.deepEqual(seen, seen.toSorted((a, b) => a - b), `${name} saw ${id} go back`);
							}
						}
					}
					followed.push(...mine);
				}, {limit_s: end_s});
			}
		}

		await check('every key has one job, and every short job one event', async () => {
			await until('the relay has caught up', () => new EventLog(server).isRelayed(), 30);
			const ids = followed.map(([{id}]) => id);
			assert.equal(new Set(ids).size, ids.length);
			const counts = new Map();
			for (const {subject} of await new EventLog(server).events()) {
				counts.set(subject, (counts.get(subject) ?? 0) + 1);
			}
			const short = followed.filter(([{command}]) => command.path === '/v1/echo');
			assert.deepEqual(short.filter(([{id}]) => counts.get(id) !== 1).map(([{id}]) => id), []);
			const all = followed.flat();
			const repeats = all.reduce((sum, each) => sum + each.repeats, 0);
			const versions = all.reduce((sum, each) => sum + each.versions.length, 0);
			remark(`seed ${firstSeed}: ${ids.length} jobs, ${repeats} repeats, ${versions} versions seen, ${heard().length} of them pushed`);
		});
	} finally {
		await subscriber?.end();
		await server.stop();
	}
}
