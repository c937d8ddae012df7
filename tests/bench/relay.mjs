import {Client} from '../e2e/client.mjs';
import {until} from '../e2e/until.mjs';
import {insist} from './frame.mjs';
import {listen} from './hearing.mjs';
import {Server, databaseOf, query} from './servers.mjs';

const events = 50_000;
const markers = 64; // In as many areas, so that each of the bridge's connections has some.
const filters = ['earshot/v1/geo/9q8/y/#', 'earshot/v1/geo/9q8/z/#'];

/** Many events that nobody hears, then one in each marked area, in one commit. */
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

export default {
	name: 'relay',
	title: 'events per second from the event log to the broker, out of a backlog',
	limits: `A backlog of ${events} events of 200 bytes in one commit; nobody subscribes to them but to the last of each of ${markers} areas.`,
	seconds: 1,

	async measure({runs, add}) {
		const server = await Server.start();
		try {
			const broker = await (await Client.guest(server)).broker();
			const database = databaseOf(server);
			for (let run = 0; run < runs; ++run) {
				const heard = new Set();
				let last_ms = 0;
				const subscriber = await listen(broker, filters, (at, {subject}) => {
					if (!subject.startsWith(`${run}-`)) return;
					heard.add(subject);
					last_ms = Math.max(last_ms, at);
				});
				query(database, appendSql(run));
				const committed_ms = Date.now();
				await until('the last events are heard', () => heard.size === markers, 60).catch(() => {});
				subscriber.kill();
				insist(heard.size === markers, `${markers} areas, but ${heard.size} were heard`);
				add('backlog', {'events/s': ((events + markers) * 1_000) / (last_ms - committed_ms)});
			}
		} finally {
			await server.stop();
		}
	},
};
