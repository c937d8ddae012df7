import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

import {insist} from './frame.mjs';

/**
 * A subscriber (bench_take) that takes `count` messages of some filters, none of which passes through this
 * program. Returns once it listens; `last()` waits for the last and gives when it came, in
 * milliseconds since 1970. Errors: it is refused, cut off, or hears nothing for a minute.
 */
export async function take({port, clientId, username = '', password = ''}, filters, count) {
	const child = spawn(process.env.EARSHOT_BENCH_TAKE, [port, String(count), clientId, ...filters], {
		env: {BENCH_USERNAME: username, BENCH_PASSWORD: password},
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
	const next = async () => {
		const {value} = await lines.next();
		insist(value !== undefined, `a subscriber ended before it had ${count} messages`);
		return value;
	};
	await next();
	return {last: async () => Number(await next())};
}
