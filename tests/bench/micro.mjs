import {execFileSync} from 'node:child_process';

export default {
	name: 'micro',
	title: 'microseconds of what every request needs',
	limits: 'One thread, the same input again and again, so caches are warm: a floor, not what a busy server has.',
	seconds: 1,

	async measure({runs, seconds, add}) {
		for (let run = 0; run < runs; ++run) {
			const said = execFileSync(process.env.EARSHOT_BENCH_MICRO, [String(seconds / 2)], {encoding: 'utf8'});
			for (const [label, us] of Object.entries(JSON.parse(said))) add(label, {'µs': us});
		}
	},
};
