import {spawn} from 'node:child_process';
import {join} from 'node:path';

import {insist} from './frame.mjs';

/** POSTs as fast as they are answered (closed loop), and tells how many and how long they took.
 *
 * Errors: Invalid, when one was refused, broken or not answered within 10 s.
 */
export async function load({url, token, body, connections, seconds}) {
	const child = spawn(
		'wrk',
		['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', join(import.meta.dirname, 'post.lua'), url],
		{
			env: {PATH: process.env.PATH, BENCH_TOKEN: token, BENCH_BODY: JSON.stringify(body)},
			stdio: ['ignore', 'pipe', 'inherit'],
		},
	);
	let said = '';
	child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
	await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
	const line = said.split('\n').find((each) => each.startsWith('{'));
	insist(line, `wrk said nothing of use: ${said}`);
	const result = JSON.parse(line);
	insist(
		result.refused + result.broken + result.late === 0,
		`${url}: ${result.refused} refused, ${result.broken} broken, ${result.late} late`,
	);
	insist(result.requests > 0, `${url}: nothing was answered`);
	return result;
}
