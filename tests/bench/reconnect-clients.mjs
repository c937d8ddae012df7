// Many SDK clients in one process, as reconnect.mjs forks it: {url, scheme, clients} begins; 'count' is
// answered with how many are live, and with the requests so far by route.
import {Earshot} from '../../client-sdk/js/dist/index.js';
import {MqttTransport} from '../../client-sdk/js/dist/mqtt-transport.js';

import {Client} from '../e2e/client.mjs';
import {placeOf} from './reconnect-places.mjs';

const startedAtOnce = 20;
const radius_m = 500;

const requests = {};
const live = new Set();
const mqtt = new MqttTransport();

const transportBy = (scheme) => ({
	connect: (access, onMessage) =>
		mqtt.connect({...access, urls: access.urls.filter((each) => each.startsWith(scheme))}, onMessage),
});

function countingFetch(url, init) {
	const {pathname} = new URL(url);
	const what = init?.headers?.prefer ? `${pathname}, held` : pathname;
	requests[what] = (requests[what] ?? 0) + 1;
	return fetch(url, init);
}

async function begin(url, transport, number) {
	const {token} = await Client.guest({url});
	const earshot = new Earshot({url, token: () => token, fetch: countingFetch, transport});
	const around = {...placeOf(number), radius_m};
	const query = new URLSearchParams({lat: around.lat, lon: around.lon, radius_m, limit: 1});
	const feed = earshot.near(around, {
		snapshot: async (_circle, get) => ({state: 0, position: (await get(`/v1/questions?${query}`)).position}),
		reduce: (count) => count + 1,
	});
	feed.listen({status: (status) => (status === 'live' ? live.add(number) : live.delete(number))});
}

process.on('message', async (message) => {
	if (message === 'count') {
		process.send({live: live.size, requests});
		return;
	}
	const transport = transportBy(message.scheme);
	for (let first = 0; first < message.clients; first += startedAtOnce) {
		const slice = Array.from({length: startedAtOnce}, (_, n) => begin(message.url, transport, first + n));
		await Promise.all(slice);
	}
});
process.on('disconnect', () => process.exit());
