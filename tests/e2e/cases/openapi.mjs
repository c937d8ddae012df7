// The document of the HTTP interface: what this server answers is what it says, on every route.
//
// Runs last: it also judges what the client has seen in the files before.
import assert from 'node:assert/strict';

import {Client, request, sanFrancisco} from '../client.mjs';
import {command} from '../command.mjs';
import {ApiDocument} from '../document.mjs';
import {recorded} from '../exchanges.mjs';
import {launchBrowser, Window} from '../pages.mjs';
import {Server} from '../server.mjs';
import {clientWith, withKinds} from '../worker.mjs';

const circle = 'lat=37.7793&lon=-122.4193&radius_m=500';
const question = {text: 'Where is good coffee?', kind: 'stars', ...sanFrancisco};
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const post = (body, headers) => ({method: 'POST', body, headers});

async function tourOfPages(check, server) {
	await check('files are there, and are not sent again to whoever has them', async () => {
		const page = await request(`${server.url}/docs`);
		const [asset] = /\/assets\/[\w.-]+\.js/.exec(page.body);
		for (const path of ['/', '/docs', '/openapi.json', '/favicon.svg', asset]) {
			const {status, headers} = await request(`${server.url}${path}`);
			assert.equal(status, 200, path);
			const known = {headers: {'if-none-match': headers.get('etag')}};
			assert.equal((await request(`${server.url}${path}`, known)).status, 304, path);
		}
		assert.equal((await request(`${server.url}/assets/none.js`)).status, 404);
		assert.equal((await request(`${server.url}/docs`, {method: 'HEAD'})).body, '');
	});

	await check('/docs shows every route in a browser, from this server alone', async () => {
		const {body: openApi} = await request(`${server.url}/openapi.json`);
		const browser = await launchBrowser();
		try {
			const window = await Window.open(browser, `${server.url}/docs#getJob`);
			await window.page.waitForSelector('#getJob');
			const shown = await window.page.$$eval('[data-testid=route]', (all) =>
				all.map((each) => each.dataset.route),
			);
			assert.deepEqual(shown.sort(), new ApiDocument(openApi).routes().sort());
			assert.deepEqual(window.complaints, []);
			assert.deepEqual(
				window.requests.filter((url) => !url.startsWith(`${server.url}/`)),
				[],
			);
		} finally {
			await browser.close();
		}
	});
}

async function tourOfCommands(check, server, client) {
	await check('commands: at once, waited for, repeated, wrong, and without a token', async () => {
		const statuses = [];
		const send = async (...args) => statuses.push((await client.request(...args)).status);
		const key = {'idempotency-key': '"tour"', traceparent};
		await send('/v1/questions', post(question, key));
		await send('/v1/questions', post(question, key));
		await send('/v1/questions', post({...question, text: 'And tea?'}, key));
		await send('/v1/questions', post(question, {prefer: 'wait=20'}));
		await send('/v1/questions', post({...question, text: '', lat: 91}));
		await send('/v1/questions', post(question, {'idempotency-key': 'a b'}));
		await send('/v1/questions', post(question, {'content-type': 'text/plain'}));
		await send('/v1/questions', post('x'.repeat(70_000)));
		await send('/v1/echo', post({text: 'hello'}, {prefer: 'wait=20'}));
		statuses.push((await request(`${server.url}/v1/echo`, post({text: 'hello'}))).status);
		const here = {lat: question.lat, lon: question.lon, radius_m: 2_000};
		await send('/v1/digests', post(here, {prefer: 'wait=20'}));
		await send('/v1/digests', post({...here, since: 'yesterday'}));
		assert.deepEqual(statuses, [202, 202, 422, 200, 400, 400, 415, 413, 200, 401, 200, 400]);
	});

	await check('jobs: looked at, waited for, cancelled too late, and those of others', async () => {
		const id = await client.asked('Where is a bench?');
		await client.request(`/v1/jobs/${id}`, {headers: {prefer: 'wait=20'}});
		const {headers, body} = await client.get(`/v1/jobs/${id}`);
		assert.equal(body.state, 'completed');
		const known = {headers: {'if-none-match': headers.get('etag')}};
		assert.equal((await client.request(`/v1/jobs/${id}`, known)).status, 304);
		assert.equal((await client.request(`/v1/jobs/${id}`, {method: 'DELETE'})).status, 409);
		assert.equal((await client.get('/v1/jobs/nonsense')).status, 404);
		assert.equal((await request(`${server.url}/v1/jobs/${id}`)).status, 401);
	});

	await check('many jobs at once: for a role, in one commit, or not at all', async () => {
		const {out} = await command(server, ['token', 'mint', '--sub', 'tour', '--role', 'operator']);
		const operator = new Client(server.url, {token: out});
		const job = {kind: 'echo.say', args: {text: 'one of many'}};
		const run_at = new Date(Date.now() + 86_400_000).toISOString();
		const statuses = [];
		const send = async (who, body) => {
			const answer = await who.request('/v1/jobs', post(body));
			statuses.push(answer.status);
			return answer.body;
		};
		await send(operator, [job, {...job, run_at, priority: 5}]);
		const {id} = await send(operator, {...job, run_at, idempotency_key: 'later'});
		await send(operator, [job, {kind: 'echo.say', args: {text: 7}}]);
		await send(client, job);
		assert.deepEqual(statuses, [202, 202, 400, 403]);
		assert.equal((await operator.get(`/v1/jobs/${id}`)).body.state, 'scheduled');
		assert.equal((await operator.request(`/v1/jobs/${id}`, {method: 'DELETE'})).status, 200);
		assert.equal((await operator.get(`/v1/jobs/${id}`)).body.problem.type, 'urn:earshot:problem:cancelled');
	});
}

async function tourOfReads(check, server, client) {
	await check('reads: around a place, by id, near a pole, and with wrong parameters', async () => {
		const statuses = [];
		const get = async (path) => {
			const answer = await client.get(path);
			statuses.push(answer.status);
			return answer.body;
		};
		const {questions, next} = await get(`/v1/questions?${circle}&limit=1`);
		await get(`/v1/questions?${circle}&cursor=${next}`);
		await get('/v1/questions?lat=91&radius_m=0');
		await get(`/v1/questions/${questions[0].id}`);
		await get('/v1/questions/0000000000000');
		await get(`/v1/cover?${circle}`);
		assert.equal((await get('/v1/cover?lat=89.9&lon=0&radius_m=8000')).poll, true);
		await get('/v1/cover');
		await get('/v1/broker');
		const {position} = await get('/v1/events?cells=9q8y');
		const {events} = await get(`/v1/events?${circle}&after=${position.replace(/\d+$/, '0')}&limit=2`);
		assert.equal(events.length, 2);
		await get(`/v1/events?cells=9q8y&after=${position}9999`);
		await get('/v1/events?cells=9q8&after=never');
		assert.deepEqual(statuses, [200, 200, 400, 200, 404, 200, 200, 400, 200, 200, 200, 410, 400]);
	});

	await check('guests come, come again, and are told how many more may', async () => {
		const again = await client.request('/v1/guests', {method: 'POST'});
		assert.deepEqual([again.status, again.body.sub], [201, client.sub]);
		const wrong = {method: 'POST', token: 'nonsense'};
		assert.equal((await request(`${server.url}/v1/guests`, wrong)).status, 401);
		const {out} = await command(server, ['token', 'mint', '--sub', 'ann']);
		assert.equal((await request(`${server.url}/v1/guests`, {method: 'POST', token: out})).status, 403);
		for (const path of ['/livez', '/readyz']) {
			assert.equal((await request(`${server.url}${path}`)).status, 200);
		}
	});
}

async function tourOfWork(check, server, guest) {
	await check('work: claimed, told about, ended in every way, and refused', async () => {
		const worker = await clientWith(server, 'worker');
		const statuses = [];
		const send = async (path, body, who = worker) => {
			const {status, body: reply} = await who.request(path, post(body));
			statuses.push(status);
			return reply;
		};
		const ask = async (pages) => (await send('/v1/jobs', {kind: 'acme.render', args: {pages}})).id;
		const claimed = async () => {
			const {jobs} = await send('/v1/work/claim', {kinds: ['acme.render'], limit: 1, wait: 8});
			const {id, lease} = jobs[0];
			return (verb, more) => send(`/v1/work/${id}/${verb}`, {lease, ...more});
		};
		for (let pages = 1; pages <= 2; ++pages) await ask(pages);
		await ask(0);
		const first = await claimed();
		await first('progress', {percent: 50, note: 'half', partial: [{page: 1}], first_place: 1});
		await first('extend');
		await first('complete', {result: {pages: 'two'}});
		const event = {type: 'picture.rendered', ...sanFrancisco, subject: 'one', data: {page: 1}};
		await first('complete', {result: {pages: 1}, events: [event]});
		await first('extend');
		assert.deepEqual(statuses.splice(0), [202, 202, 400, 200, 200, 200, 422, 200, 409]);

		await (await claimed())('give_back');
		const second = await claimed();
		await second('fail', {retry: 'yes'});
		await second('fail', {problem: {type: 'no-paper', detail: 'It is out.', status: 503}, retry: false});
		await send('/v1/work/claim', {kinds: ['acme.sing']});
		await send('/v1/work/claim', {kinds: ['acme.render']}, guest);
		assert.deepEqual((await send('/v1/work/claim', {kinds: ['acme.render']})).jobs, []);
		assert.deepEqual(statuses, [200, 200, 200, 400, 200, 400, 403, 200]);
	});
}

/** An exchange with something changed, or a document: `change` gets a copy. */
function changed(original, change) {
	const copy = structuredClone(original);
	change(copy);
	return copy;
}

async function checksOfTheTest(check, openApi) {
	const jobShown = recorded().find(
		({path, status}) => status === 200 && /^\/v1\/jobs\/\w/.test(path),
	);
	const refused = recorded().find(({path, status}) => status === 404 && path.startsWith('/v1/jobs/'));

	await check('an answer that the document does not allow is noticed', async () => {
		const document = new ApiDocument(openApi);
		assert.deepEqual(document.complaints(jobShown), []);
		assert.deepEqual(document.complaints(refused), []);
		for (const [reason, original, change] of [
			[/no such route/, jobShown, (each) => (each.path = '/v1/jobs/x/y')],
			[/no such route/, jobShown, (each) => (each.method = 'PUT')],
			[/no such status/, jobShown, (each) => (each.status = 206)],
			[/ETag is missing/, jobShown, (each) => delete each.headers.etag],
			[/ETag: W/, jobShown, (each) => (each.headers.etag = `W/${each.headers.etag}`)],
			[/x-new is not/, jobShown, (each) => (each.headers['x-new'] = 'x')],
			[/type text\/html is not/, jobShown, (each) => (each.headers['content-type'] = 'text/html')],
			[/required property 'topic'/, jobShown, (each) => delete each.body.topic],
			[/additional properties/, jobShown, (each) => (each.body.colour = 'red')],
			[/version must be integer/, jobShown, (each) => (each.body.version = '2')],
			[/percent must be <= 100/, jobShown, (each) => (each.body.progress = {percent: 101, note: ''})],
			[/finalized_at must match/, jobShown, (each) => (each.body.finalized_at = '2026-11-23')],
			[/problem urn:earshot:problem:odd/, refused, (each) => (each.body.type = 'urn:earshot:problem:odd')],
			[/says status 410/, refused, (each) => (each.body.status = 410)],
		]) {
			assert.match(document.complaints(changed(original, change)).join('\n'), reason);
		}
	});

	await check('a request that is accepted against the document is noticed', async () => {
		const asked = recorded().find(({path, status}) => path === '/v1/questions' && status === 202);
		const odd = changed(asked, (each) => (each.asked.colour = 'red'));
		const document = new ApiDocument(openApi);
		assert.match(document.complaints(odd).join('\n'), /accepted that is not allowed/);
	});

	await check('a schema that allows anything is noticed, wherever it stands', async () => {
		for (const [place, change] of [
			[/Guest: it may have any/, ({schemas: all}) => delete all.Guest.additionalProperties],
			[/additionalProperties: true/, ({schemas: all}) => (all.Guest.additionalProperties = true)],
			[/Guest\/token: it allows/, ({schemas: all}) => (all.Guest.properties.token = {})],
			[/Guest\/token: true/, ({schemas: all}) => (all.Guest.properties.token = true)],
			[/Cover\/cells: its items/, ({schemas: all}) => delete all.Cover.properties.cells.items],
			[/result: x-open gives no reason/, ({schemas: all}) => (all.Job.properties.result = {'x-open': ''})],
			[/schema: it allows/, ({headers}) => (headers.ETag.schema = {})],
		]) {
			const loose = changed(openApi, ({components}) => change(components));
			assert.match(new ApiDocument(loose).looseSchemas().join('\n'), place);
		}
		const typo = changed(openApi, ({components}) => (components.schemas.Guest.requierd = []));
		assert.throws(() => new ApiDocument(typo).compile(), /requierd/);
	});

	await check('a route that nobody calls, and one that is not documented, are noticed', async () => {
		const more = changed(openApi, ({paths}) => (paths['/v1/other'] = {get: paths['/livez'].get}));
		assert.deepEqual(new ApiDocument(more).neverCalled(recorded()), ['GET /v1/other']);
		const less = new ApiDocument(changed(openApi, ({paths}) => delete paths['/livez']));
		const complaints = recorded().flatMap((each) => less.complaints(each));
		assert.match(complaints.join('\n'), /GET \/livez → 200: the document has no such route/);
	});
}

export default async function openapi(check) {
	const server = await Server.start({args: withKinds});
	try {
		const client = await Client.guest(server);
		await tourOfPages(check, server);
		await tourOfCommands(check, server, client);
		await tourOfReads(check, server, client);
		await tourOfWork(check, server, client);
		const {body: openApi} = await request(`${server.url}/openapi.json`);

		await check('no schema of the document allows anything without a reason', async () => {
			const document = new ApiDocument(openApi);
			document.compile();
			assert.deepEqual(document.looseSchemas(), []);
		});

		await checksOfTheTest(check, openApi);

		await check('the suite calls every route of the document', async () => {
			assert.deepEqual(new ApiDocument(openApi).neverCalled(recorded()), []);
		});

		await check('every answer that the suite has seen is in the document as it is', async () => {
			const document = new ApiDocument(openApi);
			const complaints = new Set(recorded().flatMap((each) => document.complaints(each)));
			assert.deepEqual([...complaints].slice(0, 20), []);
		});
	} finally {
		await server.stop();
	}
}
