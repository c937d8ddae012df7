import {engine} from './job-contestants.mjs';
import {Database} from './servers.mjs';

const jobsPerSecond = 20_000; // A guess of how many fit into --seconds.

export default {
	name: 'jobs',
	title: 'jobs per second from accept to complete, with one result and one event each',
	limits:
		'Closed loop, 500 jobs in each commit, everything durable; the contestants take turns on one server, so compare them, not runs.',
	seconds: 5,

	async measure({runs, seconds, add}) {
		const database = await Database.start();
		const jobs = seconds * jobsPerSecond;
		try {
			for (let run = 0; run < runs; ++run) {
				const ours = engine(database, 'engine', jobs);
				const bare = engine(database, 'bare', jobs);
				const figures = (each) => ({
					'jobs/s': each.perSecond,
					'WAL B/job': each.walPerJob,
					'CPU s/100k': each.cpuPer100k,
				});
				add('bare statements', figures(bare));
				add('the engine', figures(ours));
				add('engine, in % of bare (target: at least 60)', {
					'jobs/s': (100 * ours.perSecond) / bare.perSecond,
				});
			}
		} finally {
			await database.stop();
		}
	},
};
