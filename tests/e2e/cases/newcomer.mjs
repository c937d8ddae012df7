// What a newcomer does with curl and mosquitto_sub, on a machine where others have the usual ports.
import assert from 'node:assert/strict';

import {remark} from '../case.mjs';
import {Client, request, sanFrancisco} from '../client.mjs';
import {takePort} from '../ports.mjs';
import {Server} from '../server.mjs';
import {Subscriber} from '../subscriber.mjs';
import {until} from '../until.mjs';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const jobFields = [
	...['id', 'kind', 'state', 'version', 'attempt', 'max_attempts', 'progress', 'partial', 'result'],
	...['problem', 'created_at', 'scheduled_at', 'finalized_at', 'topic'],
];
const questionFields = [
	...['id', 'text', 'kind', 'state', 'lat', 'lon', 'cell', 'author_name', 'answers', 'stars_mean'],
	...['stars_histogram', 'created_at', 'expires_at', 'version'],
];
const envelopeFields = [
	...['specversion', 'id', 'source', 'type', 'time', 'subject', 'epoch', 'offset', 'prev'],
	...['cell', 'requestid', 'data'],
];

const sorted = (names) => [...names].sort();
function assertFields(object, names) {
	assert.deepEqual(sorted(Object.keys(object)), sorted(names));
}

/** Everything that the contract says of a `question.asked`. */
function assertEnvelope({connection, topic, ...envelope}, id) {
	assertFields(envelope, envelopeFields);
	const {epoch, offset, prev} = envelope;
	assert.equal(envelope.specversion, '1.0');
	assert.equal(envelope.id, `${epoch}:${offset}`);
	assert.equal(envelope.source, '/earshot/ask_around_me');
	assert.equal(envelope.type, 'question.asked');
	assert.equal(envelope.subject, id);
	assert.match(envelope.time, isoTime);
	assert.ok(Number.isInteger(offset) && offset > 0, `offset ${offset}`);
	assert.equal(prev, 0, 'nothing was asked there before');
	assert.equal(envelope.cell, '9q8yym8');
	assert.equal(topic, 'earshot/v1/geo/9q8/y/y/m/8');
	assertFields(envelope.data, questionFields);
	assert.equal(envelope.data.id, id);
}

// Whoever has the usual ports already keeps them; those that are free, somebody takes now.
async function takeUsualPorts() {
	const holders = [];
	for (const port of [1883, 5432, 8080, 9001]) {
		try {
			holders.push(await takePort(port));
		} catch (error) {
			if (error.code !== 'EADDRINUSE') throw error;
		}
	}
	return () => Promise.all(holders.map((holder) => holder.release()));
}

export default async function newcomer(check) {
	const releaseUsualPorts = await takeUsualPorts();
	const server = await Server.start();
	remark(`a first start takes ${server.ready_s.toFixed(1)} s`);
	const question = {text: 'Where is good coffee?', kind: 'stars', ...sanFrancisco};
	let client, id, event, subscriber;
	try {
		await check('with 1883, 5432, 8080 and 9001 taken it runs on the ports of its options', async () => {
			assert.equal(server.url, `http://localhost:${server.ports.http}`);
			const {status, body} = await request(`${server.url}/readyz`);
			assert.equal(status, 200, JSON.stringify(body));
			assert.equal((await request(`${server.url}/livez`)).status, 200);
		});

		await check('a guest gets a token, and without one nothing is answered', async () => {
			client = await Client.guest(server);
			assert.match(client.sub, /^guest-/);
			const {status, headers} = await request(`${server.url}/v1/broker`);
			assert.equal(status, 401);
			assert.match(headers.get('content-type'), /^application\/problem\+json/);
		});

		await check('mosquitto_sub listens with what GET /v1/broker returns', async () => {
			const broker = await client.broker();
			assertFields(broker, ['urls', 'client_id', 'username', 'password', 'expires_at']);
			assert.deepEqual(sorted(broker.urls), [
				`mqtt://localhost:${server.ports.mqtt}`,
				`ws://localhost:${server.ports.webSocket}/mqtt`,
			]);
			subscriber = await Subscriber.listen(broker, ['earshot/v1/geo/9q8/y/#']);
		});

		await check('a question is answered 202 with its job and where to follow it', async () => {
			const {status, headers, body} = await client.request('/v1/questions', {
				method: 'POST',
				body: question,
			});
			id = body.id;
			assert.equal(status, 202, JSON.stringify(body));
			assert.match(id, /^[0-9a-z-]{1,36}$/);
			assert.equal(headers.get('location'), `/v1/jobs/${id}`);
			assert.match(headers.get('retry-after'), /^\d+$/);
			assertFields(body, jobFields);
			assert.match(body.kind, /^ask_around_me\./);
			assert.equal(body.state, 'available');
			assert.match(body.created_at, isoTime);
			assert.match(body.topic, new RegExp(`^earshot/v1/users/[\\w-]+/jobs/${id}$`));
		});

		await check('mosquitto_sub prints the question.asked envelope, every field as promised', async () => {
			event = await subscriber.heard(id);
			assertEnvelope(event, id);
			assert.ok(!JSON.stringify(event).includes(client.sub), 'the author is not published');
		});

		await check('the job is completed, with the question in its result', async () => {
			const job = await client.finished(id);
			assertFields(job, jobFields);
			assert.equal(job.state, 'completed');
			assert.equal(job.problem, null);
			assert.match(job.finalized_at, isoTime);
			assert.equal(job.result.id, id);
			assert.equal(job.result.text, question.text);
			assert.deepEqual(job.result, event.data);
		});

		await check('the job of one guest does not exist for another', async () => {
			const stranger = await Client.guest(server);
			assert.equal((await stranger.get(`/v1/jobs/${id}`)).status, 404);
		});

		await check('the question is found by its id and in the list around it', async () => {
			const one = await client.get(`/v1/questions/${id}`);
			assert.equal(one.status, 200);
			assert.equal(one.body.text, question.text);
			assert.equal(one.body.mine, true);
			const {body} = await client.get('/v1/questions?lat=37.7793&lon=-122.4193&radius_m=8000');
			const listed = body.questions.find((each) => each.id === id);
			assert.equal(listed.text, question.text);
			assert.ok(listed.distance_m < 110, `${listed.distance_m} m`);
			const [epoch, offset] = body.position.split(':');
			assert.equal(epoch, event.epoch);
			assert.ok(Number(offset) >= event.offset);
			const elsewhere = await client.get('/v1/questions?lat=52.52&lon=13.405&radius_m=8000');
			assert.deepEqual(elsewhere.body.questions, []);
		});

		await check('an MQTT 5 client is told that it is a CloudEvent', async () => {
			const modern = await Subscriber.listen(
				await client.broker(),
				['earshot/v1/geo/9q8/y/#'],
				['-V', 'mqttv5'],
			);
			const heard = await modern.heard(await client.asked('And good tea?'));
			await modern.end();
			const raw = modern.messages.find(({topic}) => topic === heard.topic);
			assert.equal(raw.type, 'application/cloudevents+json');
			const chained = await until('the second event is heard', () => subscriber.events[1]);
			assert.equal(chained.prev, event.offset, 'the same topic: prev names the event before');
		});
	} finally {
		await subscriber?.end();
		await server.stop();
		await releaseUsualPorts();
	}
}
