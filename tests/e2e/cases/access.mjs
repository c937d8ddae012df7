// Who may do what: other users of the machine, anonymous clients, and callers with a token.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

import {skip} from '../case.mjs';
import {Client} from '../client.mjs';
import {listeningAddresses} from '../ports.mjs';
import {familyOf} from '../processes.mjs';
import {Server} from '../server.mjs';
import {connectionArguments, Subscriber} from '../subscriber.mjs';
import {until} from '../until.mjs';

const loopback = '0100007F';
const notAuthorized = 5; // MQTT 3.1.1, 3.2.2.3: the return code of CONNACK.

/** CONNACK's return code for a client over WebSocket, without account unless one is given. */
function webSocketConnack(url) {
	return new Promise((resolve, reject) => {
		const socket = new WebSocket(url, 'mqtt');
		socket.binaryType = 'arraybuffer';
		socket.onerror = () => reject(new Error(`no WebSocket at ${url}`));
		// CONNECT, MQTT 3.1.1, clean session, keep alive 60 s, client id "nobody", no user name.
		const id = new TextEncoder().encode('nobody');
		const head = [0x10, 12 + id.length, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, id.length];
		socket.onopen = () => socket.send(new Uint8Array([...head, ...id]));
		socket.onmessage = ({data}) => {
			resolve(new Uint8Array(data)[3]);
			socket.close();
		};
		socket.onclose = () => reject(new Error('the broker closed without an answer'));
	});
}

/** What the broker answers to a publish with QoS 1: the reason code of MQTT 5. */
async function publishReason(broker, topic, payload) {
	const {stdout, stderr} = await promisify(execFile)('mosquitto_pub', [
		...connectionArguments({...broker, client_id: `${broker.client_id}-forger`}),
		...['-V', 'mqttv5', '-q', '1', '-d', '-t', topic, '-m', payload],
	], {timeout: 10_000}).catch((error) => error);
	return Number(/PUBACK \(Mid: \d+, RC:(\d+)\)/.exec(`${stdout}${stderr}`)?.[1]);
}

/** What the broker answers to each filter of one SUBSCRIBE: 0, or 128 for a refusal. */
async function subscribeCodes(broker, filters) {
	const {stdout} = await promisify(execFile)('mosquitto_sub', [
		...connectionArguments(broker),
		...filters.flatMap((filter) => ['-t', filter]),
		...['-d', '-E'],
	], {timeout: 10_000});
	return /^Subscribed \(mid: \d+\): (.*)$/m.exec(stdout)[1].split(', ').map(Number);
}

function filesBelow(folder) {
	return readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}

async function brokerChecks(check, server, client) {
	await check('a caller can publish on no topic but their own ingest', async () => {
		const broker = await client.broker();
		const {username: stranger} = await (await Client.guest(server)).broker();
		const subscriber = await Subscriber.listen(broker, ['earshot/v1/geo/9q8/y/#']);
		const caller = broker.username;
		for (const topic of [
			'earshot/v1/geo/9q8/y/y/m/8',
			'earshot/v1/head/9q8/y/y',
			'earshot/v1/status',
			`earshot/v1/users/${caller}/jobs/1`,
			`earshot/v1/ingest/${stranger}/ask_around_me/ask`,
			`earshot/v1/token/${caller}`,
			'elsewhere',
		]) {
			const reason = await publishReason(broker, topic, '{"forged":true}');
			assert.equal(reason, 135, `${topic}: not authorized`); // MQTT 5, 3.4.2.1.
		}
		const own = await publishReason(broker, `earshot/v1/ingest/${caller}/ask_around_me/ask`, '{}');
		assert.ok(own === 0 || own === 16, `${own}`); // 16: nobody listens yet.
		// Whatever was forged before would be heard before.
		await subscriber.heard(await client.asked('Is only this one real?'));
		await subscriber.end();
		assert.deepEqual(subscriber.messages.filter(({payload}) => payload.includes('forged')), []);
	});

	await check('a caller may listen to areas, to the status and to their own topics alone', async () => {
		const broker = await client.broker();
		const {username: stranger} = await (await Client.guest(server)).broker();
		const caller = broker.username;
		const granted = [
			'earshot/v1/geo/9q8/y/#',
			'earshot/v1/head/9q8/y/#',
			'earshot/v1/status',
			`earshot/v1/users/${caller}/#`,
			`earshot/v1/token/${caller}`,
		];
		const refused = [
			'#',
			'+/v1/status',
			'$SYS/#',
			'$share/all/earshot/v1/geo/9q8/y/#',
			'earshot/#',
			'earshot/v1/geo/#',
			'earshot/v1/geo/9q8/#',
			'earshot/v1/geo/9q8/+/y/#',
			'earshot/v1/users/#',
			'earshot/v1/users/+/jobs/+',
			`earshot/v1/users/${stranger}/#`,
			`earshot/v1/token/${stranger}`,
			`earshot/v1/ingest/${caller}/#`,
		];
		const codes = await subscribeCodes(broker, [...granted, ...refused]);
		assert.deepEqual(codes, [...granted.map(() => 0), ...refused.map(() => 128)]);
	});

	await check('nobody connects to the broker without an account or with a wrong password', async () => {
		const broker = await client.broker();
		const [socketUrl] = broker.urls.filter((each) => each.startsWith('ws'));
		assert.equal(await webSocketConnack(socketUrl), notAuthorized);
		for (const account of [
			['-u', broker.username, '-P', 'wrong'],
			['-u', 'relay', '-P', 'wrong'],
			['-u', 'relay', '-P', ''],
			[],
		]) {
			const args = ['-h', '127.0.0.1', '-p', String(server.ports.mqtt), '-i', broker.client_id, ...account];
			const refused = await promisify(execFile)('mosquitto_sub', [...args, '-t', '#', '-W', '10'], {
				timeout: 15_000,
			}).catch((error) => error);
			assert.match(String(refused.stderr), /not authori[sz]ed/i, account.join(' '));
		}
	});
}

async function machineChecks(check, server, client) {
	await check('every port listens on 127.0.0.1 alone', () => {
		const ports = [...Object.values(server.ports), Number(server.file('postgres.port'))];
		for (const port of ports) assert.deepEqual(listeningAddresses(port), [loopback], `${port}`);
	});

	await check('started by root, everything runs as an unprivileged user', () => {
		if (process.getuid() !== 0) skip('needs root');
		const family = familyOf(server.pid);
		for (const name of ['postgres', 'mosquitto']) {
			assert.ok(family.some((each) => each.name === name), `${name} runs`);
		}
		assert.deepEqual(family.filter(({uid}) => uid === 0), []);
	});

	await check('nobody else on the machine can read the data directory or a secret in it', () => {
		const mode = (path) => (statSync(join(server.dataDir, path)).mode & 0o777).toString(8);
		assert.equal(mode('.'), '700');
		for (const secret of ['token-keys.json', 'postgres/earshot.password']) {
			assert.equal(mode(secret), '600', secret);
		}
		// The broker may be of the same group, where it is not started by us.
		assert.equal(mode('mosquitto/passwords'), '640');
	});

	await check('no secret is in an argument, in the log, or readable in a file but its own', async () => {
		const key = JSON.parse(server.file('token-keys.json')).keys[0].private_key.split('\n')[1];
		const database = server.file('postgres/earshot.password').trim();
		const secrets = [client.token, client.token.split('.')[2], key, database];
		for (const secret of secrets) assert.ok(secret.length > 20);

		const holders = (texts) =>
			Object.entries(texts).filter(([, text]) => secrets.some((each) => text.includes(each)));
		const commands = familyOf(server.pid).map(({pid, command}) => [`argv of ${pid}`, command]);
		assert.ok(commands.length > 5);
		assert.deepEqual(holders(Object.fromEntries(commands)), []);
		assert.deepEqual(holders({stdout: server.said.out, stderr: server.said.err}), []);
		const logs = filesBelow(server.dataDir).filter((path) => path.endsWith('.log'));
		assert.equal(logs.length, 3); // Of requests, PostgreSQL, Mosquitto.
		const files = ['mosquitto/passwords', 'mosquitto/mosquitto.conf', 'postgres/postgresql.conf'];
		for (const log of logs) files.push(log.slice(server.dataDir.length + 1));
		assert.deepEqual(
			holders(Object.fromEntries(files.map((path) => [path, server.file(path)]))),
			[],
		);
	});
}

async function followingChecks(check, server, client) {
	await check('a caller hears how their jobs end as the job says it, and nobody else does', async () => {
		const stranger = await Client.guest(server);
		const listen = async (who) => {
			const broker = await who.broker();
			return Subscriber.listen(broker, [`earshot/v1/users/${broker.username}/jobs/#`]);
		};
		const own = await listen(client);
		const foreign = await listen(stranger);
		try {
			const job = await client.finished(await client.asked('Is it heard here?'));
			const heard = await until('the end is heard', () =>
				own.messages.find(({topic}) => topic === job.topic),
			);
			assert.deepEqual(JSON.parse(heard.payload), job);
			assert.equal(JSON.parse(heard.payload).state, 'completed');
			assert.deepEqual(foreign.messages, []);
		} finally {
			await own.end();
			await foreign.end();
		}
	});
}

export default async function access(check) {
	const server = await Server.start({args: ['--log-level', 'debug']});
	try {
		const client = await Client.guest(server);
		await brokerChecks(check, server, client);
		await followingChecks(check, server, client);
		await machineChecks(check, server, client);
	} finally {
		await server.stop();
	}
}
