import {execFileSync} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

import {insist} from './frame.mjs';

const ticksPerSecond = 100; // USER_HZ of Linux.

/** Processor seconds that the server `database` has used so far, ended backends included. */
function serverSeconds(database) {
	const root = database.child.pid;
	let ticks = 0;
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		let stat;
		try {
			stat = readFileSync(`/proc/${name}/stat`, 'latin1');
		} catch {
			continue; // It ended meanwhile.
		}
		// Behind the name, which may hold anything: state, ppid … utime, stime, cutime, cstime.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
		if (fields[1] === root) ticks += fields[11] + fields[12];
		if (Number(name) === root) ticks += fields[11] + fields[12] + fields[13] + fields[14];
	}
	return ticks / ticksPerSecond;
}

function walBytes(database) {
	return Number(database.query(`select pg_current_wal_insert_lsn() - '0/0'`));
}

/** Runs a program that prints {jobs, seconds, cpu_s}; adds what the server needed for it. */
export function measured(database, program, ...args) {
	const [wal, cpu] = [walBytes(database), serverSeconds(database)];
	const said = execFileSync(program, args, {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const figures = JSON.parse(said.trim().split('\n').at(-1));
	insist(figures.jobs > 0, `${program} ${args.join(' ')} did nothing`);
	return {
		...figures,
		perSecond: figures.jobs / figures.seconds,
		walPerJob: (walBytes(database) - wal) / figures.jobs,
		cpuPer100k: (1e5 * (figures.cpu_s + serverSeconds(database) - cpu)) / figures.jobs,
	};
}

/** The engine, or its bare statements. Each job has to have one result and one event, no more. */
export function engine(database, mode, jobs, ...more) {
	const counts = () =>
		database
			.query('select (select count(*) from engine.result), (select count(*) from engine.event)')
			.split('|')
			.map(Number);
	const before = counts();
	const args = [database.url, mode, String(jobs), ...more.map(String)];
	const figures = measured(database, process.env.EARSHOT_BENCH_JOBS, ...args);
	const [results, events] = counts().map((count, at) => count - before[at]);
	const done = figures.done ?? figures.jobs;
	insist(results === done, `${mode}: ${done} jobs have ${results} results`);
	insist(events === done, `${mode}: ${done} jobs have ${events} events`);
	return figures;
}

/** A queue of one row for each job, as bench_jobs has it. */
export function rows(database, jobs, rate) {
	const args = [database.url, 'paced-rows', String(jobs), String(rate)];
	const figures = measured(database, process.env.EARSHOT_BENCH_JOBS, ...args);
	const left = database.query('select count(*) from bench_rows.job');
	insist(left === '0', `${left} rows were left`);
	return figures;
}

/** Another's queue. WAL and server time are meant for accept and drain alike. */
export function peer(database, contestant, jobs) {
	const program = join(import.meta.dirname, 'job-peers.mjs');
	return measured(database, process.execPath, program, database.url, contestant, String(jobs));
}
