import type {MqttClient} from 'mqtt';

import type {BrokerAccess, Connection, OnMessage, Transport} from './ports.ts';

// Thousands who come back to a broker at once take it a while: whoever gives up begins anew, and last.
const connectDeadline_ms = 15_000;
// MQTT.js pings at the second of two ticks, half of this apart. A hidden tab's timers run once a
// minute, so that is after 120 s at worst; the broker waits half as long again, 135 s.
const keepalive_s = 90;

/**
 * MQTT 3.1.1 by MQTT.js, which is loaded when the first connection is made. Over a WebSocket where
 * there are only WebSockets, over TCP where the server offers it.
 */
export class MqttTransport implements Transport {
	async connect(access: BrokerAccess, onMessage: OnMessage): Promise<Connection> {
		const module = await import('mqtt');
		// Its bundle for browsers has only a default export, whatever its types say.
		const mqtt = module.default ?? module;
		const client = mqtt.connect(urlOf(access.urls), {
			clientId: access.client_id,
			username: access.username,
			password: access.password,
			protocolVersion: 4,
			clean: true,
			keepalive: keepalive_s,
			connectTimeout: connectDeadline_ms,
			// When to connect again, with what, and what to subscribe to, is the line's to know.
			reconnectPeriod: 0,
			resubscribe: false,
			queueQoSZero: false,
			// The other variants start a worker from a blob, which content security policies forbid.
			timerVariant: 'native',
		});
		const connection = new MqttConnection(client, onMessage);
		try {
			await connection.open();
			return connection;
		} catch (error) {
			connection.close();
			throw error;
		}
	}
}

class MqttConnection implements Connection {
	readonly closed: Promise<void>;
	readonly #client: MqttClient;
	#lastHeard = 0;

	constructor(client: MqttClient, onMessage: OnMessage) {
		this.#client = client;
		sendWhole(client.stream);
		const decoder = new TextDecoder();
		client.on('message', (topic, payload) => onMessage(topic, decoder.decode(payload)));
		client.on('packetreceive', () => this.#lastHeard++);
		this.closed = new Promise((resolve) => client.once('close', resolve));
		// Without a listener an error would be thrown at nobody.
		client.on('error', () => this.close());
	}

	open(): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#client.once('connect', () => resolve());
			this.#client.once('error', reject);
			this.#client.once('close', () => reject(new Error('The broker closed the connection')));
		});
	}

	/**
	 * MQTT.js reports any refusal as an error of the whole packet; the codes are in the packet it
	 * hands along.
	 */
	subscribe(filters: readonly string[]): Promise<readonly number[]> {
		return new Promise((resolve, reject) => {
			this.#client.subscribe([...filters], {qos: 0}, (error, _, packet) => {
				const granted = packet?.granted;
				if (granted) resolve(granted.map(Number));
				else reject(error ?? new Error('The broker granted nothing'));
			});
		});
	}

	unsubscribe(filters: readonly string[]): void {
		this.#client.unsubscribe([...filters]);
	}

	publish(topic: string, payload: string): void {
		this.#client.publish(topic, payload, {qos: 0});
	}

	probe(deadline_ms: number): void {
		const before = this.#lastHeard;
		this.#client.sendPing();
		setTimeout(() => {
			if (this.#lastHeard === before) this.close();
		}, deadline_ms);
	}

	close(): void {
		this.#client.end(true);
	}
}

/**
 * MQTT.js writes each field of a packet by itself and corks them, but Node's `ws` sends what was corked
 * in a frame for each write: 13 for CONNECT and 195 for a SUBSCRIBE of 64 filters. It is one now, as in browsers.
 * 5,000 clients came back to a broker in 8 s instead of 14, all on two cores.
 */
function sendWhole(stream: MqttClient['stream']): void {
	stream._writev ??= (chunks: ReadonlyArray<{chunk: Uint8Array}>, done: () => void) => {
		const whole = new Uint8Array(chunks.reduce((sum, {chunk}) => sum + chunk.length, 0));
		let end = 0;
		for (const {chunk} of chunks) {
			whole.set(chunk, end);
			end += chunk.length;
		}
		stream._write(whole, 'binary', done);
	};
}

/** A browser has WebSockets only, and a page from https secure ones; elsewhere TCP comes first. */
function urlOf(urls: readonly string[]): string {
	const page = (globalThis as {location?: Location}).location;
	const isBrowser = page !== undefined;
	const wanted = isBrowser ? [page.protocol === 'https:' ? /^wss:/ : /^wss?:/] : [/^mqtts?:/, /^wss?:/];
	for (const scheme of wanted) {
		const url = urls.find((candidate) => scheme.test(candidate));
		if (url !== undefined) return url;
	}
	throw new Error('The server names no broker that can be reached from here');
}
