import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

import {Client} from '../e2e/client.mjs';
import {freePorts} from '../e2e/ports.mjs';
import {Server, databaseOf, query} from './servers.mjs';
import {take} from './taking.mjs';

const events = 50_000;
const markers = 64; // In as many areas, so that each of the bridge's connections has some.
const ofMarkers = ['earshot/v1/geo/9q8/y/#', 'earshot/v1/geo/9q8/z/#'];
const ofEvents = ['earshot/v1/geo/dr5/r/#'];
const envelopeBytes = 432; // As the events of appendSql() have.

/** Many events in one area, then one in each of the marked ones, in one commit. */
function appendSql(run) {
	const letter = (number) => `substr('0123456789bcdefghjkmnpqrstuvwxyz', 1 + ${number}, 1)`;
	const cell = `case when n < ${events}
		then 'dr5r' || ${letter('n % 32')} || ${letter('n / 32 % 32')} || ${letter('n / 1024 % 32')}
		else '9q8' || ${letter(`30 + (n - ${events}) / 32`)} || ${letter(`(n - ${events}) % 32`)} || 'zz' end`;
	return `select engine.append_events(array_agg('bench'::text), array_agg('bench.said'::text),
		array_agg('${run}-' || n), array_agg(${cell}),
		array_agg(json_build_object('text', repeat('x', 200))::text))
		from generate_series(0, ${events + markers - 1}) as n`;
}

async function guest(server) {
	const broker = await (await Client.guest(server)).broker();
	const {port} = new URL(broker.urls.find((each) => each.startsWith('mqtt://')));
	return (n) => ({
		...{port, clientId: `${broker.client_id}-${n}`},
		...{username: broker.username, password: broker.password},
	});
}

/** Events per second from the commit to the last message that matches. */
async function relayed({server, who, run, filters, count}) {
	const subscriber = await take(who, filters, count);
	query(databaseOf(server), appendSql(run));
	const committed_ms = Date.now();
	const last_ms = await subscriber.last();
	return {'events/s': ((events + markers) * 1_000) / (last_ms - committed_ms)};
}

/** A Mosquitto without plugin, tokens and rules. */
class PlainBroker {
	static async start() {
		const [port] = await freePorts(1);
		const folder = mkdtempSync(join(process.env.EARSHOT_TEST_SCRATCH, 'plain-'));
		writeFileSync(
			join(folder, 'conf'),
			`listener ${port} 127.0.0.1\nallow_anonymous true\nallow_duplicate_messages true\n` +
				'set_tcp_nodelay true\nmax_queued_messages 2000\nmax_inflight_messages 1000\n' +
				'persistence false\nlog_type error\nuser root\n',
		);
		const child = spawn('/usr/sbin/mosquitto', ['-c', join(folder, 'conf')], {stdio: 'ignore'});
		return {port, stop: () => child.kill()};
	}
}

/** The same number of messages of the same size, from a loop that does nothing but write them. */
async function published({port}) {
	const subscriber = await take({port, clientId: 'bench-take'}, ofEvents, events);
	const began_ms = Date.now();
	const args = [port, String(events), String(envelopeBytes)];
	await promisify(execFile)(process.env.EARSHOT_BENCH_PUBLISH, args);
	return {'events/s': (events * 1_000) / ((await subscriber.last()) - began_ms)};
}

export default {
	name: 'relay',
	title: 'events per second from the event log to the broker, out of a backlog',
	limits: `A backlog of ${events} events of 200 bytes in one commit, QoS 1. Beside it a loop that writes as many messages of the same size to a Mosquitto without plugin.`,
	seconds: 1,

	async measure({runs, add}) {
		const server = await Server.start();
		const plain = await PlainBroker.start();
		try {
			const who = await guest(server);
			for (let run = 0; run < runs; ++run) {
				const unheard = {server, who: who(3 * run), run: 2 * run, filters: ofMarkers, count: markers};
				add('nobody takes them but the last', await relayed(unheard));
				const heard = {
					...{server, who: who(3 * run + 1), run: 2 * run + 1},
					...{filters: ofEvents, count: events},
				};
				const ours = await relayed(heard);
				const limit = await published(plain);
				add('one takes them all: at least 25,000, or the limit', ours);
				add('limit: a bare broker, and a loop that writes', limit);
				add('relay in % of the limit', {'events/s': (100 * ours['events/s']) / limit['events/s']});
			}
		} finally {
			plain.stop();
			await server.stop();
		}
	},
};
