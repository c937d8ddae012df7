import {Agent, request} from 'node:http';

import {Client, sanFrancisco} from '../e2e/client.mjs';
import {until} from '../e2e/until.mjs';
import {insist, percentile} from './frame.mjs';
import {listen} from './hearing.mjs';
import {Server} from './servers.mjs';

const rates = [50, 100, 200, 500];

/** Milliseconds since 1970 on the system's clock, to the microsecond. */
function clock() {
	const tick = Date.now();
	while (Date.now() === tick);
	const offset_ms = Date.now() - performance.now();
	return () => offset_ms + performance.now();
}

/** Sends one question; resolves when it is answered. */
function ask({url, token, agent}, text) {
	const body = JSON.stringify({text, kind: 'stars', ...sanFrancisco});
	const headers = {authorization: `Bearer ${token}`, 'content-type': 'application/json'};
	return new Promise((resolve, reject) => {
		const sent = request(`${url}/v1/questions`, {method: 'POST', agent, headers}, (answer) => {
			answer.resume().once('end', () => resolve(answer.statusCode));
		});
		sent.once('error', reject).setTimeout(10_000, () => sent.destroy(new Error('no answer in 10 s')));
		sent.end(body);
	});
}

/** Requests leave on time, whether or not earlier ones are answered. */
async function atRate({rate, seconds, target, marked, now}) {
	const sentAt = [];
	const times = {answer: [], message: [], late: []};
	const heard = new Set();
	const onMessage = (at, envelope) => {
		const [mark, number] = envelope.data.text.split(' ');
		if (mark !== marked) return; // Of a rate before.
		heard.add(number);
		times.message.push(at - sentAt[Number(number)]);
	};
	const subscriber = await listen(await target.client.broker(), ['earshot/v1/geo/9q8/y/#'], onMessage);
	const total = rate * seconds;
	const answers = [];
	const begin = now() + 50;
	for (let number = 0; number < total; ++number) {
		const due = begin + (number * 1_000) / rate;
		if (due > now()) await new Promise((resolve) => setTimeout(resolve, due - now()));
		sentAt.push(now());
		times.late.push(now() - due);
		answers.push(
			ask(target, `${marked} ${number}`).then((status) => {
				insist(status === 202, `a question was answered ${status}`);
				times.answer.push(now() - sentAt[number]);
			}),
		);
	}
	await Promise.all(answers);
	await until('every message is heard', () => heard.size === total, 10).catch(() => {});
	subscriber.kill();
	insist(heard.size === total, `${total} questions, but ${heard.size} messages`);
	return times;
}

export default {
	name: 'post-to-message',
	title: 'milliseconds from a POST to its 202, and to the message in a subscriber’s hands, by rate',
	limits:
		'Open loop (Node, on the same cores): requests leave on time whatever the server does. One subscriber, QoS 0; all roles, 2 workers.',
	seconds: 10,

	async measure({runs, seconds, add}) {
		const server = await Server.start();
		const agent = new Agent({keepAlive: true});
		try {
			for (let run = 0; run < runs; ++run) {
				for (const rate of rates) {
					const client = await Client.guest(server);
					const target = {client, url: server.url, token: client.token, agent};
					const now = clock();
					const marked = `${run}/${rate}`;
					const {answer, message, late} = await atRate({rate, seconds, target, marked, now});
					add(`${rate}/s`, {
						'202 p50': percentile(answer, 0.5),
						'p99': percentile(answer, 0.99),
						'message p50': percentile(message, 0.5),
						'p90': percentile(message, 0.9),
						'p99 ': percentile(message, 0.99),
						'max': percentile(message, 1),
						'sent late p99': percentile(late, 0.99),
					});
				}
			}
		} finally {
			agent.destroy();
			await server.stop();
		}
	},
};
