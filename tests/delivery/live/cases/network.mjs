// What a network, and a crowd, can do to clients of a server that is well.
import assert from 'node:assert/strict';

import {remark} from '../../../e2e/case.mjs';
import {Client} from '../../../e2e/client.mjs';
import {until} from '../../../e2e/until.mjs';
import {around, middle, mint} from '../crowd.mjs';
import {Proxy} from '../proxy.mjs';
import {firstSeed, Random} from '../../../e2e/random.mjs';
import {SleepyClock} from '../sleepy-clock.mjs';
import {Stage} from '../stage.mjs';
import {Watcher} from '../watcher.mjs';
import {Storm} from '../weather.mjs';

const isFull = process.env.EARSHOT_TEST_FULL === '1';
const stormClients = 8;
const rounds = isFull ? 25 : 1;
const limit_s = 240;
const writers = 200;
const tokenLife_s = 34; // The broker says 30 s before that it ends.

/** What every part needs: a server, and who may ask there. */
class Place {
	constructor(server, token) {
		this.server = server;
		this.token = token;
	}

	async watcher(name, {weather, ...further} = {}) {
		const via = await Proxy.start(this.server.ports.webSocket, weather);
		return new Watcher(name, {url: this.server.url, token: this.token, circle: around, via, ...further});
	}
}

function describe({name, via, resets}) {
	const climate = Object.entries(via.weather.climate).filter(([, value]) => value > 0);
	const words = climate.map(([what, value]) => `${what} ${value < 1 ? value.toFixed(3) : value}`);
	remark(`${name}: ${via.lost} of ${via.published} lost, ${via.connections} connections, ` +
		`resets: ${resets.join(', ') || 'none'}; ${words.join(', ')}`);
}

/** Clients in weather of their own, a quarter of them on machines that sleep now and then. */
async function storm(place, seed, crowd, quiet) {
	const watchers = await Promise.all(Array.from({length: stormClients}, (_, n) => {
		const random = new Random(seed + n);
		const weather = new Storm(random);
		const options = random.chance(0.25) ? {clock: new SleepyClock(random)} : {};
		return place.watcher(`seed ${seed + n}`, {weather, options});
	}));
	await until('everybody has a state', () => watchers.every(({view}) => view), 60);
	await crowd.more(1_500);
	for (const {via} of watchers) via.weather.calmDown();
	await (await quiet()).isReachedByAll(watchers);
	for (const each of watchers) {
		describe(each);
		each.close();
	}
}

async function stall(place, crowd, quiet) {
	const watcher = await place.watcher('who did not read');
	const {via} = watcher;
	await until('it has a state, and events come', () => watcher.view && via.published > 0, 60);
	via.hold();
	const before = via.published;
	await crowd.more(1_500);
	assert.equal(via.published, before, 'nothing was read meanwhile');
	via.release();
	await (await quiet()).isReachedByAll([watcher]);
	assert.equal(via.connections, 1);
	watcher.close();
}

/** Each takes its snapshot at another moment of a stream that does not wait. */
async function race(place, random, crowd, quiet) {
	const watchers = [];
	for (let n = 0; n < (isFull ? 20 : 4); n++) {
		watchers.push(await place.watcher(`late comer ${n}`));
		await crowd.more(random.whole(100, 400));
	}
	await (await quiet()).isReachedByAll(watchers);
	for (const each of watchers) each.close();
}

/** Two hundred who ask at the very same place, all at once, and again as soon as they are answered. */
async function crowdOneCell(place, random, quiet) {
	const weather = new Storm(random);
	const watcher = await place.watcher('who listens to one cell', {
		weather,
		circle: {...middle, radius_m: 60},
	});
	await until('it has a state', () => watcher.view, 60);
	const client = new Client(place.server.url, {token: place.token});
	await Promise.all(Array.from({length: writers}, async (_, writer) => {
		for (let n = 0; n < 3; n++) await client.asked(`Writer ${writer}/${n}`, middle);
	}));
	weather.calmDown();
	await (await quiet()).isReachedByAll([watcher]);
	watcher.close();
}

async function move(place, random, crowd, quiet) {
	const watcher = await place.watcher('who walks');
	await until('it has a state', () => watcher.view, 60);
	let circle;
	for (let n = 0; n < 12; n++) {
		const [north, east] = [random.next() - 0.5, random.next() - 0.5];
		circle = {
			lat: middle.lat + north * 0.02,
			lon: middle.lon + east * 0.02,
			radius_m: random.whole(300, 3_000),
		};
		watcher.feed.move(circle);
		await crowd.more(random.whole(10, 100));
		// Every third time it waits until it is there, and otherwise it goes on at once.
		if (n % 3 === 2) await until('it has arrived', () => watcher.view.circle === circle, 60);
	}
	await crowd.more(100);
	await (await quiet()).isReachedByAll([watcher]);
	assert.ok(watcher.resets.length >= 4);
	watcher.close();
}

async function outliveTokens(place, crowd, quiet) {
	let given = 0;
	const token = () => {
		given++;
		return mint(place.server, {sub: 'short-lived', ttl: `${tokenLife_s}s`});
	};
	const watcher = await place.watcher('whose token ends', {token});
	await until('a second token was asked for', () => given > 1, 90);
	await crowd.more(300);
	await (await quiet()).isReachedByAll([watcher]);
	assert.equal(watcher.via.connections, 1);
	watcher.close();
}

export default async function network(check, {server, token}) {
	const place = new Place(server, token);
	for (let round = 0; round < rounds; round++) {
		const seed = firstSeed + round * stormClients;
		const random = new Random(seed);
		const stage = new Stage(server, place.token, random, {rate: 200, spread: 0.02});
		const part = (sentence, body) => check(sentence, () => stage.play(body), {limit_s});
		const seeds = `seeds ${seed} to ${seed + stormClients - 1}`;
		await Promise.all([
			part(`lost, late, repeated, overtaken, cut, stalled: the state is the database's (${seeds})`,
				(crowd, quiet) => storm(place, seed, crowd, quiet)),
			part('who reads nothing for 1,500 events misses nothing, and keeps its connection',
				(crowd, quiet) => stall(place, crowd, quiet)),
			part('who moves while events arrive has the state of where it is, and was told',
				(crowd, quiet) => move(place, random, crowd, quiet)),
			part(`${writers} writers in one cell: each event once, in order`,
				(_, quiet) => crowdOneCell(place, random, quiet)),
			part('a token that ends in the middle is replaced over the same connection',
				(crowd, quiet) => outliveTokens(place, crowd, quiet)),
		]);
	}
	await check('a snapshot that races a thousand events a second is exact, and so is what follows', () => {
		const random = new Random(firstSeed);
		const stage = new Stage(server, place.token, random, {rate: 1_000, spread: 0.02});
		return stage.play((crowd, quiet) => race(place, random, crowd, quiet));
	}, {limit_s});
}
