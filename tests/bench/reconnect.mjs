import {fork} from 'node:child_process';
import {once} from 'node:events';
import {connect} from 'node:net';
import {join} from 'node:path';

import {Client} from '../e2e/client.mjs';
import {placeOf, places} from './reconnect-places.mjs';
import {until} from '../e2e/until.mjs';
import {Server} from './servers.mjs';

const clients = 5_000;
const processes = 2;
const eventsMeanwhile = 20;
// `earshot up` starts a broker again at once that was up for a minute; one that dies again and again
// is another case: the pause doubles each time.
const idle_s = 61;

class Crowd {
	static async start(url, scheme) {
		const crowd = new Crowd();
		for (const child of crowd.children) child.send({url, scheme, clients: clients / processes});
		await until('all are live', async () => (await crowd.count()).live === clients, 180);
		return crowd;
	}

	children = Array.from({length: processes}, () =>
		fork(join(import.meta.dirname, 'reconnect-clients.mjs'), {execArgv: ['--max-old-space-size=4096']}),
	);

	/** How many are live, and what they have asked for so far. */
	async count() {
		const counts = await Promise.all(
			this.children.map(async (child) => {
				child.send('count');
				return (await once(child, 'message'))[0];
			}),
		);
		const requests = {};
		for (const each of counts) {
			for (const [path, count] of Object.entries(each.requests)) requests[path] = (requests[path] ?? 0) + count;
		}
		return {live: counts.reduce((sum, {live}) => sum + live, 0), requests};
	}

	stop() {
		for (const child of this.children) child.disconnect();
	}
}

async function ask(client, count) {
	for (let n = 0; n < count; ++n) await client.asked(`Number ${n}`, placeOf(n));
}

const sum = (requests) => Object.values(requests).reduce((all, count) => all + count, 0);

/** Requests a second of clients to whom nothing happens: their audits. */
async function idleRate(crowd) {
	const before = sum((await crowd.count()).requests);
	await new Promise((resolve) => setTimeout(resolve, idle_s * 1_000));
	return (sum((await crowd.count()).requests) - before) / idle_s;
}

function isListening(port) {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1', () => {
			socket.destroy();
			resolve(true);
		});
		socket.on('error', () => resolve(false));
	});
}

/** Seconds from `since_ms` until the broker, which was killed, accepts connections again. */
async function awayFor_s(port, since_ms) {
	await until('the broker is gone', async () => !(await isListening(port)));
	await until('the broker is back', () => isListening(port), 60);
	return (Date.now() - since_ms) / 1_000;
}

/** Kills the broker, which `earshot up` starts again; returns when everybody is live. */
async function restarted({server, crowd, asker, events}) {
	const rate = await idleRate(crowd);
	const {requests: before} = await crowd.count();
	const killed_ms = Date.now();
	server.killChild('mosquitto');
	const away_s = awayFor_s(server.ports.mqtt, killed_ms);
	await ask(asker, events);
	await until('nobody is live', async () => (await crowd.count()).live === 0, 30);
	const {requests} = await until(
		'all are live again',
		async () => {
			const now = await crowd.count();
			return now.live === clients && now;
		},
		180,
	);
	const seconds = (Date.now() - killed_ms) / 1_000;
	const inPercent = (count) => (100 * count) / clients;
	const newlyAsked = (what) => inPercent((requests[what] ?? 0) - (before[what] ?? 0));
	return {
		'seconds until the broker is back': await away_s,
		'until all are live': seconds,
		'requests in % of clients': inPercent(sum(requests) - sum(before)),
		'for access': newlyAsked('/v1/broker'),
		'polls': newlyAsked('/v1/events, held'),
		'audits meanwhile': inPercent(rate * seconds),
	};
}

async function measureOver(scheme, runs, add) {
	const server = await Server.start({args: ['--rate-limits', 'off']});
	let crowd;
	try {
		const asker = await Client.guest(server);
		await ask(asker, places);
		crowd = await Crowd.start(server.url, scheme);
		for (let run = 0; run < runs; ++run) {
			add('no event meanwhile: requests at most 1 %', await restarted({server, crowd, asker, events: 0}));
			add(`${eventsMeanwhile} events meanwhile`, await restarted({server, crowd, asker, events: eventsMeanwhile}));
		}
	} finally {
		crowd?.stop();
		await server.stop();
	}
}

export default {
	name: 'reconnect',
	title: `${clients} clients whose broker is killed and comes back`,
	limits: `SDK clients of ${places} places, in ${processes} processes on the same cores; the broker forgets everything. ${eventsMeanwhile} events in the other case.`,
	seconds: 1,

	async measure({runs, add}) {
		for (const [scheme, way] of [
			['mqtt', 'TCP'],
			['ws', 'WebSockets'],
		]) {
			await measureOver(scheme, runs, (what, figures) => add(`${way}, ${what}`, figures));
		}
	},
};
