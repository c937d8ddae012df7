// `node job-peers.mjs URL graphile|graphile-drain|pg-boss-drain JOBS`: carries JOBS jobs out by
// another's queue and prints jobs, seconds and the processor seconds of this process as JSON.
import {Logger, makeWorkerUtils, run} from 'graphile-worker';
import {PgBoss} from 'pg-boss';

const commitJobs = 500;
const text = 'a'.repeat(170);
const quiet = new Logger(() => () => {});

/** `add(payloads)` for all jobs, 500 at once. */
async function addAll(jobs, add) {
	for (let first = 0; first < jobs; first += commitJobs) {
		const count = Math.min(commitJobs, jobs - first);
		await add(Array.from({length: count}, (_, i) => ({n: first + i, text})));
	}
}

/** Processor time counts from its making on, and wall time from `start`. */
class Stopwatch {
	#cpu = process.cpuUsage();
	#at;

	start() {
		this.#at = performance.now();
	}

	figures(jobs) {
		const {user, system} = process.cpuUsage(this.#cpu);
		return {jobs, seconds: (performance.now() - this.#at) / 1e3, cpu_s: (user + system) / 1e6};
	}
}

/** Its fastest way: 500 jobs fetched at once, those that are done deleted together. */
async function graphile(connectionString, jobs, isDrain) {
	const utils = await makeWorkerUtils({connectionString, logger: quiet});
	await utils.migrate();
	const watch = new Stopwatch();
	const add = () =>
		addAll(jobs, (payloads) =>
			utils.addJobs(payloads.map((payload) => ({identifier: 'act', payload}))),
		);
	if (isDrain) await add();

	let done = 0;
	let figures;
	const ended = Promise.withResolvers();
	watch.start();
	const runner = await run({
		preset: {
			worker: {
				connectionString,
				logger: quiet,
				concurrentJobs: 24,
				maxPoolSize: 26,
				pollInterval: 10,
				localQueue: {size: commitJobs},
				completeJobBatchDelay: 0,
				failJobBatchDelay: 0,
			},
		},
		noHandleSignals: true,
		taskList: {
			act: () => {
				// What is still to be deleted of the last ones is not counted: in its favour.
				if (++done === jobs) ended.resolve((figures = watch.figures(jobs)));
			},
		},
	});
	if (!isDrain) await add();
	await ended.promise;
	await runner.stop();
	await utils.release();
	return figures;
}

/** Its fastest way: fetch and complete 500 at once, twice at the same time. */
async function pgBossDrain(connectionString, jobs) {
	const boss = new PgBoss({connectionString, schedule: false, supervise: false});
	await boss.start();
	await boss.createQueue('act');
	const watch = new Stopwatch();
	await addAll(jobs, (payloads) => boss.insert('act', payloads.map((data) => ({data}))));
	watch.start();
	const drain = async () => {
		let done = 0;
		for (;;) {
			const batch = await boss.fetch('act', {batchSize: commitJobs});
			if (batch.length === 0) return done;
			await boss.complete('act', batch.map(({id}) => id));
			done += batch.length;
		}
	};
	const [one, other] = await Promise.all([drain(), drain()]);
	const figures = watch.figures(one + other);
	await boss.stop({graceful: false});
	return figures;
}

const [url, contestant, jobsText] = process.argv.slice(2);
const jobs = Number(jobsText);
const contestants = {
	graphile: () => graphile(url, jobs, false),
	'graphile-drain': () => graphile(url, jobs, true),
	'pg-boss-drain': () => pgBossDrain(url, jobs),
};
console.log(JSON.stringify(await contestants[contestant]()));
process.exit(0);
