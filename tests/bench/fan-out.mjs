import {execFileSync} from 'node:child_process';
import {mkdtempSync} from 'node:fs';
import {join} from 'node:path';

export default {
	name: 'fan-out',
	title: 'deliveries per second to 1,000 subscribers of one topic, with the plugin and without',
	limits: 'QoS 0 over TCP, 300 bytes, bursts of 50 messages; two Mosquittos of equal settings take turns.',
	seconds: 10,

	async measure({runs, seconds, add}) {
		const {EARSHOT_BENCH_FAN_OUT: program, EARSHOT_BENCH_PLUGIN: plugin} = process.env;
		for (let run = 0; run < runs; ++run) {
			const folder = mkdtempSync(join(process.env.EARSHOT_TEST_SCRATCH, 'fan-out-'));
			const said = execFileSync(program, [String(seconds), folder, plugin], {encoding: 'utf8'});
			const sides = JSON.parse(said);
			for (const [label, figures] of Object.entries(sides)) add(label, figures);
			const part = (name, over, under) => (100 * sides[over][name]) / sides[under][name];
			add('with, in % of without', {
				'deliveries/s': part('deliveries/s', 'with the plugin', 'without a plugin'),
				"broker's µs each": part("broker's µs each", 'with the plugin', 'without a plugin'),
			});
		}
	},
};
