// Two people with the page open around the same place.
import assert from 'node:assert/strict';

import {Client} from '../client.mjs';
import {launchBrowser, Window} from '../pages.mjs';
import {Server} from '../server.mjs';
import {until} from '../until.mjs';

export default async function pages(check) {
	const server = await Server.start();
	const browser = await launchBrowser();
	const url = `${server.url}/?lat=37.7793&lon=-122.4193&radius_m=8000`;
	let asking, hearing;
	try {
		await check('two pages open and become live', async () => {
			asking = await Window.open(browser, url);
			hearing = await Window.open(browser, url);
			await asking.isLive();
			await hearing.isLive();
		});

		await check('the first paint does not wait for MQTT.js', async () => {
			const window = await Window.blank(browser);
			const held = [];
			await window.context.route('**/mqtt.*', (route) => held.push(route));
			await window.page.goto(url, {waitUntil: 'commit'});
			await until('the page asked for MQTT.js', () => held.length > 0);
			await window.page.waitForSelector('[data-testid=ask-text]');
			const paints = () => performance.getEntriesByName('first-contentful-paint').length;
			await until('it is painted without', async () => (await window.page.evaluate(paints)) > 0);
			await Promise.all(held.map((route) => route.continue()));
			await window.isLive();
			await window.context.close();
		});

		await check('what one page asks, the other shows by push, without a reload', async () => {
			const text = 'Where do people dance tonight?';
			await asking.ask(text);
			assert.equal(await hearing.shows(text), 'pushed');
			const settled = () => asking.page.getAttribute('[data-testid=question]', 'data-state');
			await until('the asker sees it confirmed', async () => (await settled()) === 'confirmed');
			assert.equal(await asking.count(text), 1);
			assert.equal(await hearing.count(text), 1);
			assert.equal(hearing.loads, 1);
		});

		await check('a question is shown as text, whatever is in it', async () => {
			const text = '<img src=x onerror=alert(1)><script>alert(2)</script> & "quotes"';
			await hearing.ask(text);
			await asking.shows(text);
			assert.equal(await asking.page.locator('[data-testid=question] img').count(), 0);
		});

		await check('the pages ask nobody but their own server and broker', async () => {
			const allowed = [`${server.url}/`, `ws://localhost:${server.ports.webSocket}/mqtt`];
			const asked = [...asking.requests, ...hearing.requests];
			assert.ok(asked.includes(allowed[1]), 'the broker was reached by WebSocket');
			const isAllowed = (each) => allowed.some((prefix) => each.startsWith(prefix));
			assert.deepEqual(asked.filter((each) => !isAllowed(each)), []);
		});

		await check('the pages complain of nothing: no error, no policy violation', () => {
			assert.deepEqual([...asking.complaints, ...hearing.complaints], []);
		});

		await check('a page whose WebSockets are blocked looks for new questions, and shows them', async () => {
			const blocked = await Window.open(browser, url, () => {
				globalThis.WebSocket = class {
					constructor() {
						throw new Error('blocked');
					}
				};
			});
			await blocked.page.waitForSelector('[data-testid=status][data-state=polling]');
			const text = 'Who hears this without a socket?';
			await hearing.ask(text);
			assert.equal(await blocked.shows(text), 'pushed');
			await blocked.context.close();
		});

		await check('after the broker was killed the pages catch up and are live again', async () => {
			await Promise.all([asking.watchStates(), hearing.watchStates()]);
			const client = await Client.guest(server);
			server.killChild('mosquitto');
			await client.asked('Asked while the broker was away?');
			for (const window of [asking, hearing]) {
				await window.shows('Asked while the broker was away?');
				await until(
					'the page was away and is live again',
					async () => {
						const states = await window.shownStates();
						return states.length > 1 && states.at(-1) === 'live';
					},
					30,
				);
			}
			await client.asked('Asked when it was back?');
			assert.equal(await hearing.shows('Asked when it was back?'), 'pushed');
			assert.equal(hearing.loads, 1);
		});

		await check('a page stays when the whole server is killed, and goes on with the next, also asking', async () => {
			await server.kill();
			await asking.ask('Asked while nobody was there?');
			assert.equal(await asking.shows('Asked while nobody was there?'), 'sending');
			const next = await server.again();
			try {
				const client = await Client.guest(next);
				await client.asked('Asked of the next server?');
				await hearing.shows('Asked of the next server?');
				await hearing.shows('Asked while nobody was there?');
				assert.equal(await asking.count('Asked while nobody was there?'), 1);
				await hearing.isLive();
				assert.equal(hearing.loads, 1);
			} finally {
				await next.stop();
			}
		});
	} finally {
		await browser.close();
		await server.stop();
	}
}
