// Runs the files of this folder one after the other, each with servers of its own.
import {Abandoned, Report} from '../e2e/case.mjs';

const files = ['slow-clients', 'database-stopped', 'mixed-channels'];

process.once('SIGTERM', () => process.exit(143));

const filter = process.env.EARSHOT_TEST_FILTER ?? '';
let failures = 0;
for (const file of files) {
	if (!`chaos/${file}`.includes(filter)) continue;
	const report = new Report(`chaos/${file}`);
	try {
		const {default: cases} = await import(`./${file}.mjs`);
		await cases(report.check.bind(report));
	} catch (error) {
		if (!(error instanceof Abandoned)) report.fail(`chaos/${file}`, error);
	}
	failures += report.failures;
}
process.exit(failures === 0 ? 0 : 1);
