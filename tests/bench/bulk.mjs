import {execFileSync} from 'node:child_process';
import {join} from 'node:path';

import {insist} from './frame.mjs';
import {load} from './load.mjs';
import {BenchServer, Database} from './servers.mjs';

const arrayJobs = 1_000; // The most that one POST may have.
const body = Array.from({length: arrayJobs}, (_, n) => ({kind: 'echo.say', args: {text: `Number ${n}`}}));

/** A worker's token: guests may not send arrays. */
function workerToken() {
	const keys = join(process.env.EARSHOT_TEST_SCRATCH, 'bench-keys.json');
	const mint = ['token', 'mint', '--sub', 'bench', '--role', 'worker', '--token-key-file', keys];
	return execFileSync(process.env.EARSHOT_BINARY, mint, {encoding: 'utf8'}).trim();
}

export default {
	name: 'bulk',
	title: 'jobs per second accepted by POST /v1/jobs, 1,000 in an array, all or nothing',
	limits:
		'Closed loop (wrk, one thread, on the same cores). Role api alone; nobody works on the jobs. Every job is on disk before its answer.',
	seconds: 5,

	async measure({runs, seconds, add}) {
		const database = await Database.start();
		const server = await BenchServer.start(database, 'api');
		const stored = () => Number(database.query('select count(*) from engine.job'));
		try {
			const token = workerToken();
			for (let run = 0; run < runs; ++run) {
				// No more: 8,192 jobs may wait to be stored, and 503 is the answer beyond.
				for (const connections of [1, 4, 8]) {
					const before = stored();
					const done = await load({url: `${server.url}/v1/jobs`, token, body, connections, seconds});
					const jobs = stored() - before;
					const [least, most] = [done.requests, done.requests + connections].map((n) => n * arrayJobs);
					insist(jobs >= least && jobs <= most, `${done.requests} answers, ${jobs} jobs`);
					add(`${connections} connections: at least 50,000`, {
						'jobs/s': least / done.seconds,
						'POST p50 ms': done.p50_ms,
						'p99 ms': done.p99_ms,
					});
				}
			}
		} finally {
			await server.stop();
			await database.stop();
		}
	},
};
