// What stands on the way dies, or comes back as if it had never been away.
import assert from 'node:assert/strict';

import {remark} from '../../../e2e/case.mjs';
import {EventLog} from '../../../e2e/event-log.mjs';
import {until} from '../../../e2e/until.mjs';
import {around, Crowd} from '../crowd.mjs';
import {Proxy} from '../proxy.mjs';
import {firstSeed, Random} from '../../../e2e/random.mjs';
import {SecondProcess} from '../second-process.mjs';
import {Truth} from '../truth.mjs';
import {Watcher} from '../watcher.mjs';

const isFull = process.env.EARSHOT_TEST_FULL === '1';
const kills = isFull ? 20 : 2;

function watch(server, url, token, count = 3) {
	return Promise.all(Array.from({length: count}, async (_, n) => {
		const via = await Proxy.start(server.ports.webSocket);
		return new Watcher(`client ${n}`, {url, token, via, circle: around});
	}));
}

async function killBroker(server) {
	const dead = server.killChild('mosquitto');
	await until('Mosquitto is started again', () => {
		const next = server.childNamed('mosquitto');
		return next && next.pid !== dead;
	}, 30);
}

async function brokerDies(server, token, random) {
	const watchers = await watch(server, server.url, token);
	const crowd = new Crowd(server, token, random, {rate: 300, spread: 0.02});
	for (let n = 0; n < kills; n++) {
		await crowd.more(random.whole(100, 500));
		await killBroker(server);
	}
	await crowd.more(100);
	await crowd.end();
	await (await Truth.of(server)).isReachedByAll(watchers);
	assert.ok(watchers.every(({via}) => via.connections > 1), 'everybody was cut off');
	for (const each of watchers) each.close();
}

async function serverDies(world, random) {
	const {server, token} = world;
	const watchers = await watch(server, server.url, token);
	await until('everybody has a state', () => watchers.every(({view}) => view), 30);
	const crowd = new Crowd(server, token, random, {rate: 500, spread: 0.02});
	for (let n = 0; n < kills; n++) {
		await crowd.more(random.whole(100, 500));
		await world.server.kill();
		world.server = await server.again({args: world.args});
	}
	await crowd.more(100);
	await crowd.end();
	await (await Truth.of(world.server)).isReachedByAll(watchers);
	remark(`${crowd.asked} accepted, ${crowd.refused} not answered`);
	for (const each of watchers) each.close();
}

/**
 * The leader is stopped in the middle of its work until another one leads, and goes on where it was:
 * it has messages under way, and does not know.
 */
async function leaderSleeps(server, token, random) {
	const log = new EventLog(server);
	const term = () => log.query("select to_json(term) from engine.leader where name = 'relay'");
	const second = await SecondProcess.start(server);
	try {
		const watchers = await watch(server, second.url, token);
		const crowd = new Crowd(second, token, random, {rate: 300, spread: 0.02});
		await crowd.more(random.whole(300, 600));
		const before = await term();
		process.kill(server.pid, 'SIGSTOP');
		await until('the other one leads', async () => (await term()) > before, 60);
		await crowd.more(300);
		process.kill(server.pid, 'SIGCONT');
		await crowd.more(300);
		await crowd.end();
		await (await Truth.of(server)).isReachedByAll(watchers);
		for (const each of watchers) each.close();
	} finally {
		process.kill(server.pid, 'SIGCONT');
		await second.stop();
	}
}

export default async function processes(check, world) {
	const {token} = world;
	const random = new Random(firstSeed);
	await check('the broker is killed in the middle and comes back without memory: nothing is missed', () => {
		return brokerDies(world.server, token, random);
	}, {limit_s: 180 + 10 * kills});
	await check('the service is killed in the middle, between publishing and writing down: each event once', () => {
		return serverDies(world, random);
	}, {limit_s: 180 + 30 * kills});
	await check('two bridges, of which the leader sleeps and wakes as a second one: each event once, in order', () => {
		return leaderSleeps(world.server, token, random);
	}, {limit_s: 240});
}
