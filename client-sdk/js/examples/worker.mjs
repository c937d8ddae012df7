#!/usr/bin/env node
// Carries out jobs of one kind, one after the other, until it is told to stop. No library: copy it,
// and change `render`. How it works: docs/workers.md.
//
//   EARSHOT_TOKEN=… node examples/worker.mjs [URL [KIND]]     a token with the role `worker`
const [url = 'http://localhost:8080', kind = 'acme.render'] = process.argv.slice(2);
const shutdown = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => shutdown.abort());
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The work itself: returns the result, throws when it fails, and stops when `stop` is aborted. */
async function render({pages}, {stop, progress}) {
	for (let page = 1; page <= pages; ++page) {
		stop.throwIfAborted();
		await pause(200);
		await progress(Math.floor((100 * page) / pages), `page ${page}`);
	}
	return {pages};
}

/** Sends until there is a reply that counts. What is sent twice is stored once. */
async function post(path, body, stop) {
	for (let wait_ms = 250; ; wait_ms = Math.min(2 * wait_ms, 10_000)) {
		const reply = await fetch(`${url}/v1/work/${path}`, {
			method: 'POST',
			headers: {authorization: `Bearer ${process.env.EARSHOT_TOKEN}`, 'content-type': 'application/json'},
			body: JSON.stringify(body),
			signal: AbortSignal.any([AbortSignal.timeout(40_000), ...(stop ? [stop] : [])]),
		}).catch((error) => ({status: 503, statusText: error.message}));
		if (reply.status < 500 && reply.status !== 429) return {status: reply.status, ...(await reply.json())};
		if (stop?.aborted) return {status: 503};
		console.error(`again in ${wait_ms} ms: ${reply.status} ${reply.statusText}`);
		await pause(wait_ms * (0.5 + Math.random() / 2));
	}
}

async function carryOut({id, args, lease, lease_s}) {
	const unwanted = new AbortController(); // Cancelled, or lost to another worker.
	const stop = AbortSignal.any([unwanted.signal, shutdown.signal]);
	const tell = async (verb, more) => {
		const {status, detail, cancel_requested} = await post(`${id}/${verb}`, {lease, ...more});
		if (status !== 200) console.error(`${id}: ${verb}: ${status} ${detail}`);
		if (status === 409 || cancel_requested) unwanted.abort();
		if (status === 422) throw new Error(detail); // A result that the kind does not allow.
	};
	const heartbeat = setInterval(() => void tell('extend'), (1_000 * lease_s) / 3);
	try {
		await tell('complete', {result: await render(args, {stop, progress: (percent, note) => tell('progress', {percent, note})})});
	} catch (error) {
		await (stop.aborted ? tell('give_back') : tell('fail', {reason: error.message}));
	}
	clearInterval(heartbeat);
}

while (!shutdown.signal.aborted) {
	const {jobs, detail} = await post('claim', {kinds: [kind], wait: 20}, shutdown.signal);
	if (detail) throw new Error(detail); // A token without the role, a kind that is not known.
	for (const job of jobs ?? []) await carryOut(job);
}
