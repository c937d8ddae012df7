import {engine, rows} from './job-contestants.mjs';
import {Database} from './servers.mjs';

const commitJobs = 500; // JOBS of bench_jobs is a multiple of it.

function figures({p50_ms, p99_ms, cpuPer100k}) {
	return {'begun p50 ms': p50_ms, 'p99 ms': p99_ms, 'CPU s/100k': cpuPer100k};
}

export default {
	name: 'jobs-paced',
	title: 'from the arrival of a job to its handler, and the processor time, at a steady rate',
	limits:
		'Open loop in one process, no HTTP: jobs arrive one by one by the clock, 16 callers. Beside it a bare queue of one row for each job.',
	seconds: 5,

	async measure({runs, seconds, add}) {
		const database = await Database.start();
		try {
			for (let run = 0; run < runs; ++run) {
				for (const rate of [100, 1000]) {
					const jobs = Math.ceil((seconds * rate) / commitJobs) * commitJobs;
					const ours = engine(database, 'paced-engine', jobs, rate);
					const theirs = rows(database, jobs, rate);
					const isTarget = rate === 100 ? ': p50 at most 2, p99 at most 5' : '';
					add(`the engine, ${rate}/s${isTarget}`, figures(ours));
					add(`rows, ${rate}/s`, figures(theirs));
					add(`engine in % of rows, ${rate}/s${rate === 1000 ? ': at most 100' : ''}`, {
						'CPU s/100k': (100 * ours.cpuPer100k) / theirs.cpuPer100k,
					});
				}
			}
		} finally {
			await database.stop();
		}
	},
};
