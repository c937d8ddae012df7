// Runs the files of cases/ one after the other, each with servers of its own.
import {Abandoned, Report} from './case.mjs';

const files = [
	'newcomer',
	'pages',
	'access',
	'start',
	'stop',
	'killed',
	'tokens',
	'broker-config',
	'jobs',
	'workers',
	'events',
	'supervision',
	'disk-full',
	'database-away',
	'broker-away',
	'tracing',
	'documents',
	'openapi',
];

// Through its own door, so that a browser is closed on the way; tests/e2e/run ends the servers.
process.once('SIGTERM', () => process.exit(143));

const filter = process.env.EARSHOT_TEST_FILTER ?? '';
let failures = 0;
for (const file of files) {
	if (!`e2e/${file}`.includes(filter)) continue;
	const report = new Report(`e2e/${file}`);
	const start_ms = Date.now();
	try {
		const {default: cases} = await import(`./cases/${file}.mjs`);
		await cases(report.check.bind(report));
	} catch (error) {
		if (!(error instanceof Abandoned)) report.fail(`e2e/${file}`, error);
	}
	failures += report.failures;
	console.error(`e2e/${file}: ${((Date.now() - start_ms) / 1_000).toFixed(1)} s`);
}
process.exit(failures === 0 ? 0 : 1);
