import {Client, sanFrancisco} from '../e2e/client.mjs';
import {insist} from './frame.mjs';
import {load} from './load.mjs';
import {BenchServer, Database} from './servers.mjs';

const body = {text: 'Where is good coffee?', kind: 'stars', ...sanFrancisco};
const routes = {'no-op': '/v1/bench/no-op', accepts: '/v1/questions'};

function jobs(database) {
	return Number(database.query('select count(*) from engine.job'));
}

/** Both routes, right after each other, so that what the machine does besides hits both. */
async function compare({server, database, client, connections, seconds, order}) {
	const results = {};
	for (const route of order) {
		const before = jobs(database);
		results[route] = await load({
			...{url: server.url + routes[route], token: client.token, body, connections, seconds},
		});
		const stored = jobs(database) - before;
		const {requests} = results[route];
		// wrk leaves without waiting for the last answer of each connection.
		const isAll = stored >= requests && stored <= requests + connections;
		insist(route === 'no-op' ? stored === 0 : isAll, `${route}: ${requests} answers, ${stored} jobs`);
	}
	return results;
}

export default {
	name: 'accepts',
	title: 'durable POSTs accepted per second, beside a route that stores nothing, by connections',
	limits:
		'Closed loop (wrk, one thread, on the same cores): as fast as answers come. Role api alone; nobody works on the jobs.',
	seconds: 5,

	async measure({runs, seconds, add}) {
		const database = await Database.start();
		const server = await BenchServer.start(database, 'api');
		try {
			for (let run = 0; run < runs; ++run) {
				const order = run % 2 === 0 ? ['no-op', 'accepts'] : ['accepts', 'no-op'];
				for (const connections of [1, 8, 64, 256]) {
					const client = await Client.guest(server);
					const each = await compare({server, database, client, connections, seconds, order});
					const perSecond = (route) => each[route].requests / each[route].seconds;
					add(`${connections} connections`, {
						'no-op/s': perSecond('no-op'),
						'accepts/s': perSecond('accepts'),
						'share %': (100 * perSecond('accepts')) / perSecond('no-op'),
						'accept p50 ms': each.accepts.p50_ms,
						'p99 ms': each.accepts.p99_ms,
					});
				}
			}
		} finally {
			await server.stop();
			await database.stop();
		}
	},
};
