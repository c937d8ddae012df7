// Two thousand clients that connect and say nothing, say one byte every two seconds, or ask and never
// read. Honest ones must not notice.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {connect} from 'node:net';

import {percentile} from '../bench/frame.mjs';
import {remark} from '../e2e/case.mjs';
import {Client} from '../e2e/client.mjs';
import {Server} from '../e2e/server.mjs';
import {until} from '../e2e/until.mjs';
import {OpenLoad} from './open-load.mjs';

const rate = 100;
const attack_s = process.env.EARSHOT_TEST_FULL === '1' ? 60 : 10;
const memory_bytes_max = 300_000_000;
const drip_ms = 2_000;

const kinds = [
	{clients: 1_000, begin: '', drips: false},
	{clients: 500, begin: 'GET / HTTP/1.1\r\nHost: a\r\nX: ', drips: true},
	{
		clients: 250,
		begin: 'POST /v1/questions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{',
		drips: true,
	},
	{clients: 250, begin: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20), drips: false},
];

/** One hostile client; thrown out, it comes back. */
class SlowClient {
	static open = 0;
	static thrownOut = 0;
	#isOver = false;
	#timer;

	constructor(port, kind) {
		this.port = port;
		this.kind = kind;
		this.#connect();
	}

	#connect() {
		const {begin, drips} = this.kind;
		this.socket = connect(this.port, '127.0.0.1', () => {
			SlowClient.open++;
			if (begin) this.socket.write(begin);
			if (drips) this.#timer = setInterval(() => this.socket.write('x'), drip_ms);
		});
		this.socket.pause(); // It never reads.
		this.socket.on('error', () => {});
		this.socket.once('close', () => {
			clearInterval(this.#timer);
			SlowClient.open--;
			if (this.#isOver) return;
			SlowClient.thrownOut++;
			this.#connect();
		});
	}

	end() {
		this.#isOver = true;
		this.socket.destroy();
	}
}

function memoryOf(pid) {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
	return {most_bytes: kib('VmHWM') * 1_024, now_bytes: kib('VmRSS') * 1_024};
}

export default async function slowClients(check) {
	const server = await Server.start();
	const clients = [];
	try {
		const client = await Client.guest(server);
		let asked;
		await check('two thousand silent and slow sockets do not disturb honest requests', async () => {
			for (const kind of kinds) {
				for (let n = 0; n < kind.clients; n++) clients.push(new SlowClient(server.ports.http, kind));
			}
			await until('all are connected', () => SlowClient.open >= 1_900);
			const load = new OpenLoad(client, rate);
			await new Promise((resolve) => setTimeout(resolve, attack_s * 1_000));
			await load.end();
			asked = load.asked;
			const good = asked.filter(({status}) => status === 202);
			const p99_ms = percentile(good.map(({took_ms}) => took_ms), 0.99);
			remark(`${good.length} of ${asked.length} were 202, p99 ${p99_ms} ms; ${SlowClient.open} open, ${SlowClient.thrownOut} thrown out`);
			assert.ok(asked.length >= rate * attack_s * 0.95, `only ${asked.length} were asked`);
			assert.ok(good.length >= asked.length * 0.99, `${good.length} of ${asked.length}`);
			assert.ok(p99_ms < 1_000, `p99 ${p99_ms} ms`);
		}, {limit_s: attack_s + 60});

		await check('meanwhile its memory stays below 300 MB', () => {
			const {most_bytes, now_bytes} = memoryOf(server.pid);
			remark(`${Math.round(now_bytes / 1e6)} MB resident, at most ${Math.round(most_bytes / 1e6)} MB`);
			assert.ok(most_bytes < memory_bytes_max, `${most_bytes} bytes`);
		});
	} finally {
		for (const each of clients) each.end();
		await server.stop();
	}
}
