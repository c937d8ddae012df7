import {execFileSync} from 'node:child_process';
import {mkdtempSync} from 'node:fs';
import {join} from 'node:path';

const crowds = [
	{transport: 'tcp', subscribers: 1_000},
	{transport: 'websockets', subscribers: 1_000},
	{transport: 'websockets', subscribers: 5_000},
];

export default {
	name: 'fan-out',
	title: 'deliveries per second to the subscribers of one topic, with the plugin and without',
	limits: 'QoS 0, 300 bytes, bursts of 50 messages; two Mosquittos of equal settings take turns with the same bytes.',
	seconds: 10,

	async measure({runs, seconds, add}) {
		const {EARSHOT_BENCH_FAN_OUT: program, EARSHOT_BENCH_PLUGIN: plugin} = process.env;
		for (let run = 0; run < runs; ++run) {
			for (const {transport, subscribers} of crowds) {
				const folder = mkdtempSync(join(process.env.EARSHOT_TEST_SCRATCH, 'fan-out-'));
				const args = [String(seconds), folder, plugin, transport, String(subscribers)];
				const sides = JSON.parse(execFileSync(program, args, {encoding: 'utf8'}));
				const crowd = `${subscribers} by ${transport}`;
				for (const [label, figures] of Object.entries(sides)) add(`${crowd}, ${label}`, figures);
				const part = (name, over, under) => (100 * sides[over][name]) / sides[under][name];
				add(`${crowd}, with in % of without: at least 95`, {
					'deliveries/s': part('deliveries/s', 'with the plugin', 'without a plugin'),
					"broker's µs each": part("broker's µs each", 'with the plugin', 'without a plugin'),
				});
			}
		}
	},
};
