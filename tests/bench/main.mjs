// The frame of every benchmark: `node main.mjs [NAME…] [--runs N] [--seconds S] [--list]`, started by
// scripts/bench, which builds first and gives the scratch folder.
import {parseArgs} from 'node:util';
import {join} from 'node:path';

import {Invalid, Samples, machine, save, table, versions} from './frame.mjs';
import accepts from './accepts.mjs';
import bulk from './bulk.mjs';
import fanOut from './fan-out.mjs';
import jobs from './jobs.mjs';
import jobsPaced from './jobs-paced.mjs';
import jobsWaiting from './jobs-waiting.mjs';
import micro from './micro.mjs';
import postToMessage from './post-to-message.mjs';
import reconnect from './reconnect.mjs';
import relay from './relay.mjs';
import waiters from './waiters.mjs';

const benchmarks = [accepts, bulk, jobs, jobsWaiting, jobsPaced, postToMessage, waiters, relay, reconnect, fanOut, micro];
const root = join(import.meta.dirname, '../..');

function refuse(text) {
	console.error(`scripts/bench: ${text}`);
	process.exit(64);
}

/** A positive whole number, or the default where none is given. */
function wholeNumber(option, text, standard) {
	if (text === undefined) return standard;
	if (!/^[1-9]\d*$/.test(text)) refuse(`--${option} needs a whole number`);
	return Number(text);
}

const {values: options, positionals: names} = parseArgs({
	allowPositionals: true,
	options: {runs: {type: 'string'}, seconds: {type: 'string'}, list: {type: 'boolean'}},
});
if (options.list) {
	for (const {name, title} of benchmarks) console.log(`${name.padEnd(18)} ${title}`);
	process.exit(0);
}
const runs = wholeNumber('runs', options.runs, 5);
const chosen = names.length === 0 ? benchmarks : names.map((name) => {
	return benchmarks.find((each) => each.name === name) ?? refuse(`there is no ${name}; see --list`);
});
process.once('SIGTERM', () => process.exit(143));

let failures = 0;
for (const benchmark of chosen) {
	const seconds = wholeNumber('seconds', options.seconds, benchmark.seconds);
	const report = {
		benchmark: benchmark.name,
		at: new Date().toISOString(),
		runs,
		seconds,
		limits: benchmark.limits,
		machine: machine(process.env.EARSHOT_TEST_SCRATCH),
		versions: versions(root),
	};
	console.log(`\n# ${benchmark.name}: ${benchmark.title}`);
	console.log(`${benchmark.limits}`);
	console.log(`${runs} runs of ${seconds} s; medians, and in brackets the least and the most`);
	const {cores, cpu, kernel, file_system, load_before} = report.machine;
	console.log(`${cores} cores of ${cpu}, Linux ${kernel}, ${file_system}, load ${load_before.toFixed(1)}`);
	console.log(`${Object.values(report.versions).join('; ')}\n`);
	try {
		const samples = new Samples();
		await benchmark.measure({runs, seconds, add: samples.add.bind(samples)});
		report.rows = samples.rows();
		console.log(table(report.rows));
		console.log(`\nok bench/${benchmark.name} (${save(join(root, 'build/bench/results'), report)})`);
	} catch (error) {
		failures++;
		console.log(`not ok bench/${benchmark.name}`);
		console.log(`  ${error instanceof Invalid ? error.message : error.stack}`);
	}
}
process.exit(failures === 0 ? 0 : 1);
