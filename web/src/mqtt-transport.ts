import type {MqttClient} from 'mqtt';

import type {Connection, OnMessage, Transport} from './live-feed';
import {randomKey} from './random-key';
import {TokenKeeper, type Renewal} from './token-keeper';
import {withDeadline} from './waiting';
import type {Broker} from './wire';

const connectDeadline_ms = 10_000;
const keepalive_s = 45;

/** MQTT 3.1.1 over a WebSocket, by MQTT.js, which is loaded when the first connection is made. */
export class MqttTransport implements Transport {
	constructor(private readonly renew: Renewal) {}

	async connect(broker: Broker, onMessage: OnMessage): Promise<Connection> {
		// Its bundle for browsers has only a default export, whatever its types say.
		const {default: mqtt} = await import('mqtt');
		const client = mqtt.connect(webSocketUrl(broker.urls), {
			// The same person may have several tabs, and a client id has one connection.
			clientId: `${broker.client_id}-${randomKey()}`,
			username: broker.username,
			password: broker.password,
			protocolVersion: 4,
			clean: true,
			keepalive: keepalive_s,
			connectTimeout: connectDeadline_ms,
			// Reconnecting is the feed's, which knows back-off and fresh credentials; MQTT.js knows
			// neither.
			reconnectPeriod: 0,
			resubscribe: false,
			queueQoSZero: false,
			// The other variants start a worker from a blob, which the content security policy forbids.
			timerVariant: 'native',
		});
		const keeper = new TokenKeeper(broker.password, this.renew, (topic, payload) => {
			client.publish(topic, payload, {qos: 0});
		});
		const connection = new MqttConnection(client, (topic, payload) => {
			if (!keeper.takes(topic, payload)) onMessage(topic, payload);
		});
		try {
			await withDeadline(connection.open(), connectDeadline_ms, 'The broker does not answer');
			return connection;
		} catch (error) {
			connection.close();
			throw error;
		}
	}
}

class MqttConnection implements Connection {
	readonly closed: Promise<void>;

	constructor(
		private readonly client: MqttClient,
		onMessage: OnMessage,
	) {
		const decoder = new TextDecoder();
		client.on('message', (topic, payload) => onMessage(topic, decoder.decode(payload)));
		this.closed = new Promise((resolve) => client.once('close', resolve));
		// Without a listener an error would be thrown at nobody.
		client.on('error', () => this.close());
	}

	open(): Promise<void> {
		return new Promise((resolve, reject) => {
			this.client.once('connect', () => resolve());
			this.client.once('error', reject);
			this.client.once('close', () => reject(new Error('The broker closed the connection')));
		});
	}

	/**
	 * MQTT.js reports any refusal as an error of the whole packet; the codes are in the packet it
	 * hands along.
	 */
	subscribe(filters: readonly string[]): Promise<readonly number[]> {
		return new Promise((resolve, reject) => {
			this.client.subscribe([...filters], {qos: 0}, (error, _, packet) => {
				const granted = packet?.granted;
				if (granted) resolve(granted.map(Number));
				else reject(error ?? new Error('The broker granted nothing'));
			});
		});
	}

	unsubscribe(filters: readonly string[]): void {
		this.client.unsubscribe([...filters]);
	}

	close(): void {
		this.client.end(true);
	}
}

/** A page from https may open secure WebSockets only. */
function webSocketUrl(urls: readonly string[]): string {
	const allowed = location.protocol === 'https:' ? /^wss:/ : /^wss?:/;
	const url = urls.find((candidate) => allowed.test(candidate));
	if (url === undefined) throw new Error('The server names no broker that this page may reach');
	return url;
}
