// One request found again everywhere: in its answer, the access log, its job and its event.
import assert from 'node:assert/strict';

import {Client, request, sanFrancisco} from '../client.mjs';
import {EventLog} from '../event-log.mjs';
import {Server} from '../server.mjs';
import {Subscriber} from '../subscriber.mjs';
import {until} from '../until.mjs';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const question = {text: 'Where is good coffee?', kind: 'stars', ...sanFrancisco};

export default async function tracing(check) {
	const server = await Server.start();
	let subscriber;
	try {
		const client = await Client.guest(server);
		subscriber = await Subscriber.listen(await client.broker(), ['earshot/v1/geo/9q8/y/#']);
		const log = new EventLog(server);
		const ask = (headers) =>
			client.request('/v1/questions', {method: 'POST', body: question, headers});

		await check('ids of a request are in its answer, job, event and line of the access log', async () => {
			const {headers, body} = await ask({'x-request-id': 'Shop-7.b_1', traceparent});
			assert.equal(headers.get('x-request-id'), 'Shop-7.b_1');
			const event = await subscriber.heard(body.id);
			assert.equal(event.requestid, 'Shop-7.b_1');
			assert.equal(event.traceparent, traceparent);
			assert.equal((await log.origin('Shop-7.b_1')).traceparent, traceparent);
			const line = await until('the access log has it', () =>
				server.file('access.log')?.split('\n').find((each) => each.includes('Shop-7.b_1')),
			);
			const {route, traceparent: logged} = JSON.parse(line);
			assert.deepEqual([route, logged], ['/v1/questions', traceparent]);
		});

		await check('a request without an id gets one, which its job and its event carry', async () => {
			const {headers, body} = await ask({});
			const id = headers.get('x-request-id');
			assert.match(id, /^[0-9a-z]{16}$/);
			const event = await subscriber.heard(body.id);
			assert.deepEqual([event.requestid, event.traceparent], [id, undefined]);
			assert.equal((await log.origin(id)).traceparent, null);
		});

		await check('ids that are none are replaced or left out, and refuse nothing', async () => {
			for (const headers of [
				{'x-request-id': 'a b', traceparent: traceparent.toUpperCase()},
				{'x-request-id': 'a'.repeat(65), traceparent: `${traceparent}-1`},
				{'x-request-id': '\'; drop table engine.job; --', traceparent: 'x'.repeat(55)},
			]) {
				const answer = await ask(headers);
				assert.equal(answer.status, 202);
				const id = answer.headers.get('x-request-id');
				assert.match(id, /^[0-9a-z]{16}$/);
				assert.equal((await log.origin(id)).traceparent, null);
			}
		});

		await check('a repeat has an id of its own; the job keeps that of the first', async () => {
			const key = {'idempotency-key': 'once'};
			const first = await ask({...key, 'x-request-id': 'first'});
			const second = await ask({...key, 'x-request-id': 'second'});
			assert.equal(second.body.id, first.body.id);
			assert.equal(second.headers.get('x-request-id'), 'second');
			assert.equal((await subscriber.heard(first.body.id)).requestid, 'first');
			assert.equal(await log.origin('second'), undefined);
		});

		await check('refusals say whose they are, too', async () => {
			for (const path of ['/v1/broker', '/v1/cover']) {
				const {status, headers} = await request(`${server.url}${path}`, {
					headers: {'x-request-id': 'refused'},
				});
				assert.deepEqual([status, headers.get('x-request-id')], [401, 'refused']);
			}
		});
	} finally {
		await subscriber?.end();
		await server.stop();
	}
}
