// Tokens in real life: made, checked, renewed under an open page, taken back, their keys replaced.
import assert from 'node:assert/strict';

import {Client} from '../client.mjs';
import {command} from '../command.mjs';
import {launchBrowser, Window} from '../pages.mjs';
import {Server} from '../server.mjs';
import {Subscriber} from '../subscriber.mjs';
import {until} from '../until.mjs';

const lifeOfPageToken_s = 34; // The broker says 30 s before that it ends.
const deniedWithin_s = 5;

/** Runs `earshot token …` at the server's keys, with `input` as its standard input. */
const token = (server, args, input) => command(server, ['token', ...args], input);

async function commandChecks(check, server) {
	await check('a minted token is checked, answered, and carries its role', async () => {
		const minted = await token(server, ['mint', '--sub', 'ann', '--role', 'operator', '--json']);
		assert.equal(minted.code, 0, minted.stderr);
		const {token: text, caller} = JSON.parse(minted.out);
		const checked = await token(server, ['check', '--json'], text);
		assert.equal(checked.code, 0, checked.stderr);
		assert.equal(JSON.parse(checked.out).caller, caller);
		assert.equal((await new Client(server.url, {token: text}).get('/v1/broker')).body.username, caller);
	});

	await check('a spoiled token is refused with the reason, here and there', async () => {
		const {out: text} = await token(server, ['mint', '--sub', 'ann']);
		const spoiled = text.slice(0, -4) + (text.endsWith('AAAA') ? 'BBBB' : 'AAAA');
		const checked = await token(server, ['check'], spoiled);
		assert.equal(checked.code, 1);
		assert.match(checked.out, /^refused\s+\S/);
		assert.equal((await new Client(server.url, {token: spoiled}).get('/v1/broker')).status, 401);
	});

	await check('no token is made for a wrong name or for too long', async () => {
		for (const wrong of [['--sub', 'a b'], ['--sub', 'ann', '--ttl', '25h'], ['--sub', 'ann', '--ttl', 'x']]) {
			const {code, out, stderr} = await token(server, ['mint', ...wrong]);
			assert.notEqual(code, 0);
			assert.equal(out, '');
			assert.match(stderr, /--(sub|ttl)/);
		}
	});
}

async function denialChecks(check, server) {
	await check(`who is denied is out of the API and of the broker within ${deniedWithin_s} s`, async () => {
		const client = await Client.guest(server);
		const subscriber = await Subscriber.listen(await client.broker(), ['earshot/v1/geo/9q8/y/#']);
		const start_ms = Date.now();
		const denied = await token(server, ['revoke', '--sub', client.sub, '--reason', 'a test']);
		assert.equal(denied.code, 0, denied.stderr);
		await until('the API refuses', async () => (await client.get('/v1/broker')).status === 401);
		await until('the broker cut it off', () => subscriber.hasEnded || subscriber.connection > 1);
		assert.ok(Date.now() - start_ms < deniedWithin_s * 1_000, `${Date.now() - start_ms} ms`);
		await subscriber.end();
		assert.match((await token(server, ['revoke'])).out, new RegExp(`${client.sub}.*a test`));

		const allowed = await token(server, ['revoke', '--sub', client.sub, '--undo']);
		assert.equal(allowed.code, 0, allowed.stderr);
		await until('the API answers again', async () => (await client.get('/v1/broker')).status === 200);
	});
}

async function keyChecks(check, server) {
	await check('a new key is announced, and the tokens of the old one go on', async () => {
		const client = await Client.guest(server);
		const rotated = await token(server, ['rotate', '--json']);
		assert.equal(rotated.code, 0, rotated.stderr);
		const states = JSON.parse(rotated.out).keys.map(({state}) => state);
		assert.deepEqual(states, ['signs', 'announced']);
		assert.equal((await client.get('/v1/broker')).status, 200);
	});

	await check('keys in wrong hands are forgotten at once, in the API and in the broker', async () => {
		const old = await Client.guest(server);
		const oldBroker = await old.broker();
		const rotated = await token(server, ['rotate', '--forget-old']);
		assert.equal(rotated.code, 0, rotated.stderr);
		await until('the old token is refused', async () => (await old.get('/v1/broker')).status === 401);
		const fresh = await Client.guest(server);
		await (await Subscriber.listenAsSoonAsPossible(await fresh.broker(), ['earshot/v1/status'])).end();
		await until('the broker refuses the old one', async () => {
			const refused = new Subscriber(oldBroker, ['earshot/v1/status'], []);
			await until('it ended or subscribed', () => refused.hasEnded || refused.hasSubscribed);
			const isRefused = !refused.hasSubscribed;
			await refused.end();
			return isRefused;
		});
	});
}

/** How often a page asked to be a guest, or the same one for longer. */
function guestsMade({requests}) {
	return requests.filter((each) => each.endsWith('/v1/guests')).length;
}

/** A page whose token ends soon, which only the broker knows: the page's clock is an hour late. */
async function pageChecks(check, server) {
	const browser = await launchBrowser();
	try {
		await check('a page outlives its token on one connection, and hears what comes after', async () => {
			const sub = `guest-${'e2e'.padEnd(16, '0')}`;
			const {out: text} = await token(server, ['mint', '--sub', sub, '--ttl', `${lifeOfPageToken_s}s`]);
			const ends_ms = Date.now() + lifeOfPageToken_s * 1_000;
			const url = `${server.url}/?lat=37.7793&lon=-122.4193&radius_m=8000`;
			const window = await Window.open(browser, url, (stored) => {
				sessionStorage.setItem('earshot.guest', stored);
				const now = Date.now;
				Date.now = () => now() - 3_600_000;
			}, text);
			await window.isLive();
			assert.equal(guestsMade(window), 0);
			await window.watchStates();
			await until('the token is over', () => Date.now() > ends_ms + 3_000, lifeOfPageToken_s + 10);
			const client = await Client.guest(server);
			await client.asked('Who hears this after an hour?');
			assert.equal(await window.shows('Who hears this after an hour?'), 'pushed');
			assert.deepEqual(await window.shownStates(), ['live']);
			assert.equal(guestsMade(window), 1);
			assert.equal(window.requests.filter((each) => each.startsWith('ws')).length, 1);
			assert.deepEqual(window.complaints, []);
		}, {limit_s: lifeOfPageToken_s + 60});
	} finally {
		await browser.close();
	}
}

export default async function tokens(check) {
	const server = await Server.start();
	try {
		await commandChecks(check, server);
		await denialChecks(check, server);
		await pageChecks(check, server);
		await keyChecks(check, server);
	} finally {
		await server.stop();
	}
}
