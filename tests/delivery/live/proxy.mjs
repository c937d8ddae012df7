import {once} from 'node:events';
import {connect, createServer} from 'node:net';

import {framed, topicOf, Unpacker} from './packets.mjs';
import {calm} from './weather.mjs';

/**
 * Between a client and the broker's WebSocket. What the client says passes as it is; what the broker
 * publishes meets the weather: it may be lost, late, repeated, overtaken by other topics (but not by
 * its own), the connection cut, or nothing read for a while.
 */
export class Proxy {
	connections = 0; // Since the start.
	published = 0; // By the broker, as far as was read.
	lost = 0;
	#links = new Set();
	#server;

	static async start(brokerPort, weather = calm) {
		const proxy = new Proxy(brokerPort, weather);
		await once(proxy.#server, 'listening');
		return proxy;
	}

	constructor(brokerPort, weather) {
		this.weather = weather;
		this.#server = createServer((client) => {
			this.connections++;
			const link = new Link(this, client, connect(brokerPort, '127.0.0.1'));
			this.#links.add(link);
			client.once('close', () => this.#links.delete(link));
		}).listen(0, '127.0.0.1');
	}

	get url() {
		return `ws://127.0.0.1:${this.#server.address().port}/mqtt`;
	}

	/** Reads nothing from the broker until `release()`; the connection stands. */
	hold() {
		for (const link of this.#links) link.hold();
	}

	release() {
		for (const link of this.#links) link.release();
	}

	/** Ends every connection; new ones are welcome. */
	cut() {
		for (const link of this.#links) link.cut();
	}

	close() {
		this.#server.close();
		this.cut();
	}
}

/** One connection through the proxy. */
class Link {
	#late = new Map(); // By topic: packets that wait, so that none overtakes one of its own topic.
	#holds = 0;
	#isFull = false; // The client reads more slowly than the broker sends.

	constructor(proxy, client, broker) {
		this.proxy = proxy;
		this.client = client;
		this.broker = broker;
		for (const socket of [client, broker]) {
			socket.setNoDelay(true);
			socket.on('error', () => {}); // `close` follows.
			socket.once('close', () => this.cut());
		}
		client.pipe(broker);
		const unpacker = new Unpacker({
			onPacket: (packet) => this.#hear(packet),
			onOther: (bytes) => client.write(bytes),
		});
		broker.on('data', (bytes) => unpacker.add(bytes));
	}

	cut() {
		this.client.destroy();
		this.broker.destroy();
	}

	hold() {
		this.#holds++;
		this.broker.pause();
	}

	release() {
		if (--this.#holds === 0) this.broker.resume();
	}

	#hear(packet) {
		const topic = topicOf(packet);
		if (topic === undefined) return this.#send(packet);
		this.proxy.published++;
		const fate = this.proxy.weather.next();
		if (fate.isCut) return this.cut();
		if (fate.stall_ms > 0) {
			this.hold();
			setTimeout(() => this.release(), fate.stall_ms);
		}
		if (fate.isLost) return void this.proxy.lost++;
		this.#sendAfter(topic, packet, fate.delay_ms);
		if (fate.repeat_ms > 0) setTimeout(() => this.#sendAfter(topic, packet, 0), fate.repeat_ms);
	}

	#sendAfter(topic, packet, delay_ms) {
		const waiting = this.#late.get(topic);
		if (waiting) return void waiting.push(packet);
		if (delay_ms === 0) return this.#send(packet);
		this.#late.set(topic, [packet]);
		setTimeout(() => {
			for (const each of this.#late.get(topic)) this.#send(each);
			this.#late.delete(topic);
		}, delay_ms);
	}

	#send(packet) {
		if (this.client.destroyed || this.client.write(framed(packet)) || this.#isFull) return;
		this.#isFull = true;
		this.hold();
		this.client.once('drain', () => {
			this.#isFull = false;
			this.release();
		});
	}
}
