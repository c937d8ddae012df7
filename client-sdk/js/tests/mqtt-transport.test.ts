import {once} from 'node:events';
import {connect as connectTo, createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {afterAll, beforeAll, expect, it, vi} from 'vitest';

import {geoFilter, headFilter} from '../src/geo/index.ts';
import {MqttTransport} from '../src/mqtt-transport.ts';
import type {BrokerAccess, Connection, OnMessage} from '../src/ports.ts';
import {Mosquitto} from './mosquitto.ts';

const broker = new Mosquitto();
const transport = new MqttTransport();
const rules = 'pattern readwrite earshot/#\n';

beforeAll(() => broker.start(rules));
afterAll(() => broker.remove());

const unheard: OnMessage = () => {};

let connections = 0;

function connect(way: 'tcp' | 'ws', onMessage: OnMessage = unheard): Promise<Connection> {
	const client_id = `me-${++connections}`;
	const url = way === 'tcp' ? `mqtt://127.0.0.1:${broker.tcpPort}` : `ws://127.0.0.1:${broker.wsPort}/mqtt`;
	return transport.connect({urls: [url], client_id, username: 'me', password: 'p'}, onMessage);
}

it.each(['tcp', 'ws'] as const)('messages come over %s, on the topics asked for alone', async (way) => {
	let heard!: (message: [string, string]) => void;
	const first = new Promise<[string, string]>((resolve) => (heard = resolve));
	const reader = await connect(way, (topic, payload) => heard([topic, payload]));
	const codes = await reader.subscribe([geoFilter('9q8yy'), geoFilter('9q8yz12')]);
	expect(codes).toEqual([0, 0]);
	const writer = await connect('tcp');
	writer.publish(geoFilter('9q8zzzz'), 'not this one');
	writer.publish(geoFilter('9q8yyk9'), '{"text":"Grüße"}');
	expect(await first).toEqual([geoFilter('9q8yyk9'), '{"text":"Grüße"}']);
	reader.close();
	writer.close();
});

it('two connections of the same caller do not cut each other off', async () => {
	const [one, two] = [await connect('ws'), await connect('ws')];
	expect(await one.subscribe([headFilter('9q8yy')])).toEqual([0]);
	expect(await two.subscribe([headFilter('9q8yy')])).toEqual([0]);
	one.close();
	two.close();
	await Promise.all([one.closed, two.closed]);
});

/** How many WebSocket frames of at most 64 KiB, all masked, are in what follows the request to upgrade. */
function framesIn(sent: Buffer): number {
	let frames = 0;
	let at = sent.indexOf('\r\n\r\n') + 4;
	for (; at < sent.length; frames++) {
		const short = sent[at + 1]! & 0x7f;
		at += short < 126 ? 6 + short : 8 + sent.readUInt16BE(at + 2);
	}
	expect(at, 'the last frame is whole').toBe(sent.length);
	return frames;
}

it('a packet is one frame over ws, however many fields it has', async () => {
	const sent: Buffer[] = [];
	const relay = createServer((socket) => {
		const toBroker = connectTo(broker.wsPort, '127.0.0.1');
		socket.on('data', (bytes) => sent.push(bytes)).pipe(toBroker).pipe(socket);
	}).listen(0, '127.0.0.1');
	await once(relay, 'listening');
	const urls = [`ws://127.0.0.1:${(relay.address() as AddressInfo).port}/mqtt`];
	const connection = await transport.connect({urls, client_id: 'me', username: 'me', password: 'p'}, unheard);
	expect(framesIn(Buffer.concat(sent)), 'CONNECT').toBe(1);
	const filters = Array.from({length: 64}, (_, n) => `earshot/v1/geo/${n}`);
	expect(await connection.subscribe(filters)).toEqual(filters.map(() => 0));
	expect(framesIn(Buffer.concat(sent)), 'and SUBSCRIBE').toBe(2);
	connection.close();
	await connection.closed;
	relay.close();
});

/** A broker that only says what it is told to; every packet of its client is an event `packet`. */
async function scriptedBroker(code = 0): Promise<{server: Server; access: BrokerAccess}> {
	const connack = Buffer.from([0x20, 2, 0, code]);
	const server = createServer((socket) => {
		socket.on('data', (packet) => {
			if (packet[0] === 0x10) socket.write(connack);
			else server.emit('packet', packet, socket);
		});
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	const urls = [`mqtt://127.0.0.1:${port}`];
	return {server, access: {urls, client_id: 'me', username: 'me', password: 'p'}};
}

it('a filter that the broker refuses is told by its code, and the others are granted', async () => {
	// Mosquitto refuses by a plugin only; these are the packets of a broker that does.
	const {server, access} = await scriptedBroker();
	server.on('packet', (packet: Buffer, socket: Socket) => {
		if (packet[0] !== 0x82) return;
		const id = packet.subarray(packet[1]! < 128 ? 2 : 3);
		socket.write(Buffer.from([0x90, 5, id[0]!, id[1]!, 0, 128, 0]));
	});
	const connection = await transport.connect(access, unheard);
	const filters = ['9q8yy', '9q8', '9q8yz'].map(geoFilter);
	expect(await connection.subscribe(filters)).toEqual([0, 128, 0]);
	connection.close();
	server.close();
});

it('a broker that answers passes a probe, and one that says nothing is left', async () => {
	const {server, access} = await scriptedBroker();
	const heard = async (kind: number): Promise<Socket> => {
		const [packet, socket] = (await once(server, 'packet')) as [Buffer, Socket];
		expect(packet[0]).toBe(kind);
		return socket;
	};
	const connection = await transport.connect(access, unheard);
	const [pingreq, puback] = [0xc0, 0x40];
	const pingresp = Buffer.from([0xd0, 0]);
	const publish = Buffer.from([0x32, 5, 0, 1, 0x74, 0, 1]); // QoS 1: whoever has read it says so.
	vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
	try {
		connection.probe(200);
		const socket = await heard(pingreq);
		socket.write(Buffer.concat([pingresp, publish]));
		await heard(puback);
		vi.advanceTimersByTime(200);
		socket.write(publish);
		await heard(puback);

		connection.probe(200);
		await heard(pingreq);
		vi.advanceTimersByTime(200);
		await connection.closed;
	} finally {
		vi.useRealTimers();
		server.close();
	}
});

it('a broker that refuses the credentials is told from one that is not there', async () => {
	const {server, access} = await scriptedBroker(5);
	await expect(transport.connect(access, unheard)).rejects.toMatchObject({code: 5});
	server.close();
});

it('nothing listens: the attempt is refused, and does not linger', async () => {
	const access = {urls: ['mqtt://127.0.0.1:1'], client_id: 'me', username: 'me', password: 'p'};
	await expect(transport.connect(access, unheard)).rejects.toThrow();
	await expect(transport.connect({...access, urls: []}, unheard)).rejects.toThrow('no broker');
});

it('a broker that is killed closes the connection, and another one can be made when it is back', async () => {
	const connection = await connect('ws');
	await broker.kill();
	await connection.closed;
	await expect(connect('ws')).rejects.toThrow();
	await broker.start(rules);
	const next = await connect('ws');
	expect(await next.subscribe([geoFilter('9q8yy')])).toEqual([0]);
	next.close();
});
