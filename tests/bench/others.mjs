import {once} from 'node:events';
import {Worker, isMainThread, parentPort, workerData} from 'node:worker_threads';

import {Client} from '../e2e/client.mjs';

const period_ms = 10;

/**
 * What other clients feel: asks for `path` a hundred times a second, whether or not earlier ones were
 * answered. On a thread of its own, so that the delays of the program that measures are none of them.
 *
 * Returns a function that ends it and gives how long each answer took, in milliseconds. Errors: an
 * answer other than 200.
 */
export async function others(url, token, path) {
	const worker = new Worker(import.meta.filename, {workerData: {url, token, path}});
	await once(worker, 'message'); // Its first answer.
	return async () => {
		worker.postMessage('stop');
		const [{took, complaint}] = await once(worker, 'message');
		if (complaint) throw new Error(complaint);
		return took;
	};
}

async function ask({url, token, path}) {
	const client = new Client(url, {token});
	const took = [];
	let complaint;
	const once = async () => {
		const sent = performance.now();
		const {status} = await client.get(path);
		if (status !== 200) complaint = `another request was answered ${status}`;
		took.push(performance.now() - sent);
	};
	await once();
	parentPort.postMessage('begun');
	took.length = 0;

	let isOver = false;
	parentPort.once('message', () => (isOver = true));
	const asked = [];
	for (let due = performance.now(); !isOver; due += period_ms) {
		const early = due - performance.now();
		if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
		asked.push(once());
	}
	await Promise.all(asked);
	parentPort.postMessage({took, complaint});
}

if (!isMainThread) await ask(workerData);
