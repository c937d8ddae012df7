// How long it takes from sending a POST to the message in a subscriber's hands, at a steady rate.
//
//   node tests/bench/post-to-message.mjs [rate=100] [seconds=20] [url=http://localhost:8080]
//
// Against a running `earshot up`. Requests leave on time whether or not earlier ones are answered
// (open loop). mosquitto_sub stamps each message itself, so this program's own delays do not count.
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

const options = Object.fromEntries(process.argv.slice(2).map((word) => word.split('=', 2)));
const rate = Number(options.rate ?? 100);
const seconds = Number(options.seconds ?? 20);
const url = options.url ?? 'http://localhost:8080';

const sentAt = new Map(); // By the number in the question's text, in milliseconds.
const heardAfter = [];
const answeredAfter = [];

async function call(method, path, token, body) {
	const response = await fetch(url + path, {
		method,
		headers: {
			...(token && {authorization: `Bearer ${token}`}),
			...(body && {'content-type': 'application/json'}),
		},
		body: body && JSON.stringify(body),
	});
	return {status: response.status, body: await response.json()};
}

function now() {
	return performance.timeOrigin + performance.now();
}

async function listen(token) {
	const {body: broker} = await call('GET', '/v1/broker', token);
	const {hostname, port} = new URL(broker.urls.find((each) => each.startsWith('mqtt:')));
	const subscriber = spawn('stdbuf', [
		...['-oL', 'mosquitto_sub'],
		...['-h', hostname, '-p', port, '-i', broker.client_id, '-u', broker.username],
		...['-P', broker.password, '-t', 'earshot/v1/geo/9q8/y/#', '-F', '%U %p', '-d'],
	]);
	await new Promise((resolve) => {
		createInterface({input: subscriber.stdout}).on('line', (line) => {
			if (line.startsWith('Subscribed')) resolve();
			const heard = /^(\d+\.\d+) (\{.*\})$/.exec(line);
			if (!heard) return;
			const number = Number(JSON.parse(heard[2]).data.text);
			if (sentAt.has(number)) heardAfter.push(Number(heard[1]) * 1000 - sentAt.get(number));
		});
	});
	return subscriber;
}

async function ask(token, number) {
	const start = now();
	sentAt.set(number, start);
	const question = {text: String(number), kind: 'stars', lat: 37.7793, lon: -122.4193};
	const {status} = await call('POST', '/v1/questions', token, question);
	if (status !== 202) throw new Error(`answered ${status}`);
	answeredAfter.push(now() - start);
}

function percentile(values, part) {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

function row(name, values) {
	const figures = [0.5, 0.9, 0.99, 1].map((part) => percentile(values, part).toFixed(2).padStart(8));
	console.log(name.padEnd(18), String(values.length).padStart(6), ...figures);
}

const {body: guest} = await call('POST', '/v1/guests');
const subscriber = await listen(guest.token);
const total = rate * seconds;
const begin = now();
const requests = [];
for (let number = 0; number < total; ++number) {
	const wait = begin + (number * 1000) / rate - now();
	if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
	requests.push(ask(guest.token, number));
}
await Promise.all(requests);
for (let i = 0; heardAfter.length < total && i < 100; ++i) {
	await new Promise((resolve) => setTimeout(resolve, 50));
}
subscriber.kill();

console.log(`${rate} requests/s for ${seconds} s, milliseconds`);
console.log('                   count      p50      p90      p99      max');
row('POST → 202', answeredAfter);
row('POST → message', heardAfter);
process.exitCode = heardAfter.length === total ? 0 : 1;
