import {engine, peer} from './job-contestants.mjs';
import {Database} from './servers.mjs';

const jobsPerSecond = 20_000; // A guess of how many fit into --seconds.

function figures({perSecond, walPerJob, cpuPer100k}) {
	return {'jobs/s': perSecond, 'WAL B/job': walPerJob, 'CPU s/100k': cpuPer100k};
}

/** Everybody once, so that what the machine does besides hits all. Peers are slower: fewer jobs. */
const contestants = {
	'the engine': (database, jobs) => engine(database, 'engine', jobs),
	'its statements, bare': (database, jobs) => engine(database, 'bare', jobs),
	'graphile-worker, drain only': (database, jobs) => peer(database, 'graphile-drain', jobs / 4),
	'graphile-worker': (database, jobs) => peer(database, 'graphile', jobs / 4),
	'pg-boss, drain only': (database, jobs) => peer(database, 'pg-boss-drain', jobs / 4),
};

export default {
	name: 'jobs',
	title: 'jobs per second from accept to complete, with one result and one event each',
	limits:
		'Closed loop, 500 jobs in each commit, everything durable; the contestants take turns on one server, so compare them, not runs. Peers have neither results nor events, and drain only is without accepting.',
	seconds: 5,

	async measure({runs, seconds, add}) {
		const database = await Database.start();
		try {
			for (let run = 0; run < runs; ++run) {
				const of = {};
				for (const [label, measure] of Object.entries(contestants)) {
					of[label] = measure(database, seconds * jobsPerSecond);
					add(label, figures(of[label]));
				}
				const share = (label) => 100 * (of['the engine'].perSecond / of[label].perSecond);
				add('engine in % of bare: at least 60', {'jobs/s': share('its statements, bare')});
				add("engine in % of graphile-worker's best: at least 150", {
					'jobs/s': Math.min(share('graphile-worker, drain only'), share('graphile-worker')),
				});
			}
		} finally {
			await database.stop();
		}
	},
};
