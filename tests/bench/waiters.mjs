import {readdirSync} from 'node:fs';
import {Agent, request} from 'node:http';

import {Client, sanFrancisco} from '../e2e/client.mjs';
import {command} from '../e2e/command.mjs';
import {until} from '../e2e/until.mjs';
import {insist, percentile} from './frame.mjs';
import {others} from './others.mjs';
import {Server} from './servers.mjs';

const waiters = 2_000;
const arrayJobs = 1_000; // The most that one POST may have.
const nearby = new URLSearchParams({lat: sanFrancisco.lat, lon: sanFrancisco.lon, radius_m: 500});

/** Sends a GET; resolves with the job and when it was there, in milliseconds since 1970. */
function waitFor(url, token, agent) {
	const headers = {authorization: `Bearer ${token}`, prefer: 'wait=25'};
	return new Promise((resolve, reject) => {
		const sent = request(url, {agent, headers}, (answer) => {
			let body = '';
			answer.setEncoding('utf8').on('data', (text) => (body += text));
			answer.once('end', () => resolve({at: Date.now(), job: JSON.parse(body)}));
		});
		sent.once('error', reject).end();
	});
}

async function operate(server, ...args) {
	const {code, out, stderr} = await command(server, args);
	insist(code === 0, `earshot ${args.join(' ')}: ${stderr}`);
	return out;
}

/** Jobs of a kind that stands still, each waited for; then the kind goes on. */
async function released({server, operator}) {
	await operate(server, 'jobs', 'pause', 'echo.say');
	const body = Array.from({length: arrayJobs}, (_, n) => ({kind: 'echo.say', args: {text: `Number ${n}`}}));
	const ids = [];
	while (ids.length < waiters) {
		const answer = await operator.request('/v1/jobs', {method: 'POST', body});
		insist(answer.status === 202, `an array was answered ${answer.status}`);
		ids.push(...answer.body.jobs.map(({id}) => id));
	}
	// From several addresses: one may have 256 connections.
	const agents = Array.from({length: 16}, (_, n) => new Agent({localAddress: `127.0.1.${n + 1}`}));
	// By the clock, since 1,024 requests at most wait for a thread: who comes in one burst is told 503.
	const opened = [];
	for (const [n, id] of ids.entries()) {
		const agent = agents[n % agents.length];
		opened.push(waitFor(`${server.url}/v1/jobs/${id}`, operator.token, agent));
		if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 20));
	}
	try {
		await until('all wait', () => readdirSync(`/proc/${server.pid}/fd`).length >= waiters, 20);
		const ended = await others(server.url, operator.token, `/v1/questions?${nearby}`);
		await operate(server, 'jobs', 'resume', 'echo.say');
		return {answers: await Promise.all(opened), took: await ended()};
	} finally {
		for (const agent of agents) agent.destroy();
	}
}

export default {
	name: 'waiters',
	title: '2,000 requests that wait for their jobs: from a job’s end to the answer in the client’s hands',
	limits:
		'All roles, on the same cores as the clients (Node). Jobs of a paused kind, which then goes on; beside them 100 other requests a second, open loop.',
	seconds: 1,

	async measure({runs, add}) {
		const server = await Server.start({args: ['--rate-limits', 'off']});
		try {
			const token = await operate(server, 'token', 'mint', '--sub', 'bench', '--role', 'operator');
			const operator = new Client(server.url, {token});
			for (let run = 0; run < runs; ++run) {
				const {answers, took} = await released({server, operator});
				const late = answers.map(({at, job}) => {
					insist(job.state === 'completed', `a waiter was told ${JSON.stringify(job)}`);
					return at - Date.parse(job.finalized_at);
				});
				add('at least 1,900 within 1 s', {
					'within 1 s': late.filter((ms) => ms <= 1_000).length,
					'p50 ms': percentile(late, 0.5),
					'p99 ms': percentile(late, 0.99),
					'max ms': percentile(late, 1),
				});
				add('others: p99 at most 100 ms', {
					'requests': took.length,
					'p50 ms': percentile(took, 0.5),
					'p99 ms': percentile(took, 0.99),
				});
			}
		} finally {
			await server.stop();
		}
	},
};
