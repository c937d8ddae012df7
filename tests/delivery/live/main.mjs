// Runs the files of cases/ one after the other, on one server, which they may kill and start again.
import {Abandoned, Report, remark} from '../../e2e/case.mjs';
import {Server} from '../../e2e/server.mjs';
import {mint} from './crowd.mjs';
import {firstSeed} from '../../e2e/random.mjs';

const files = ['network', 'processes', 'restored', 'retention'];
const args = ['--rate-limits', 'off'];

process.once('SIGTERM', () => process.exit(143));
remark(`EARSHOT_TEST_SEED=${firstSeed}`);

const filter = process.env.EARSHOT_TEST_FILTER ?? '';
let failures = 0;
let world;
for (const file of files) {
	if (!`delivery/${file}`.includes(filter)) continue;
	const report = new Report(`delivery/${file}`);
	const start_ms = Date.now();
	try {
		if (!world) {
			const server = await Server.start({args});
			world = {server, args, token: await mint(server)};
		}
		const {default: cases} = await import(`./cases/${file}.mjs`);
		await cases(report.check.bind(report), world);
	} catch (error) {
		if (!(error instanceof Abandoned)) report.fail(`delivery/${file}`, error);
	}
	failures += report.failures;
	console.error(`delivery/${file}: ${((Date.now() - start_ms) / 1_000).toFixed(1)} s`);
}
await world?.server.stop();
process.exit(failures === 0 ? 0 : 1);
