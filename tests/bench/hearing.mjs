import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

import {connectionArguments} from '../e2e/subscriber.mjs';
import {until} from '../e2e/until.mjs';

/**
 * A mosquitto_sub that calls with the time of each message, in milliseconds, and its envelope.
 *
 * It stamps messages itself, so that delays of this program do not count.
 */
export async function listen(broker, filters, onMessage) {
	const child = spawn('stdbuf', [
		...['-oL', 'mosquitto_sub', ...connectionArguments(broker)],
		...filters.flatMap((filter) => ['-t', filter]),
		...['-F', '%U %p', '-d'],
	]);
	let hasSubscribed = false;
	createInterface({input: child.stdout}).on('line', (line) => {
		hasSubscribed ||= line.endsWith('received SUBACK');
		const heard = /^(\d+\.\d+) (\{.*\})$/.exec(line);
		if (heard) onMessage(Number(heard[1]) * 1_000, JSON.parse(heard[2]));
	});
	await until('mosquitto_sub has subscribed', () => hasSubscribed);
	return child;
}
