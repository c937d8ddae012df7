import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

import {until} from './until.mjs';

const mark = '> '; // Begins a message; the other lines are what mosquitto_sub says of itself.
let clients = 0;

/** What `mosquitto_sub` and `mosquitto_pub` need of GET /v1/broker. */
export function connectionArguments(broker) {
	const url = new URL(broker.urls.find((each) => each.startsWith('mqtt://')));
	// Longer ids are allowed, and two clients with one id would cut each other off.
	const id = `${broker.client_id}-${++clients}`;
	return [
		...['-h', url.hostname, '-p', url.port, '-i', id],
		...['-u', broker.username, '-P', broker.password],
	];
}

/** A mosquitto_sub that listens until `end()`. Cut off, it connects again after a second or two. */
export class Subscriber {
	/** Returns when the broker has granted the subscription. */
	static async listen(broker, filters, args = []) {
		const subscriber = new Subscriber(broker, filters, args);
		await until('mosquitto_sub has subscribed', () => {
			if (subscriber.hasEnded) throw new Error(`it ended: ${subscriber.said.join(' | ')}`);
			return subscriber.hasSubscribed;
		}).catch(async (error) => {
			await subscriber.end();
			throw error;
		});
		return subscriber;
	}

	/** The first that succeeds while a broker is on its way back. */
	static async listenAsSoonAsPossible(broker, filters) {
		return until('a subscriber is back', async () => {
			const subscriber = new Subscriber(broker, filters, []);
			await until('it has subscribed or ended', () => {
				return subscriber.hasEnded || subscriber.hasSubscribed;
			});
			return subscriber.hasSubscribed && subscriber;
		});
	}

	constructor(broker, filters, args) {
		this.messages = []; // {connection, topic, type, payload} in the order of their arrival.
		this.said = [];
		this.connection = 0; // 1 is the first.
		this.hasSubscribed = false;
		this.hasEnded = false;
		// Without stdbuf it keeps its lines to itself until it has some thousand characters.
		const child = spawn('stdbuf', ['-oL', 'mosquitto_sub',
			...connectionArguments(broker),
			...filters.flatMap((filter) => ['-t', filter]),
			...['-d', '-F', `${mark}%t %C %p`], // %C is empty in MQTT 3.1.1.
			...args,
		]);
		this.#child = child;
		this.ended = new Promise((resolve) => {
			child.once('close', (code) => {
				this.hasEnded = true;
				resolve(code);
			});
		});
		for (const output of [child.stdout, child.stderr]) {
			createInterface({input: output}).on('line', (line) => this.#hear(line));
		}
	}

	#child;

	#hear(line) {
		if (line.startsWith(mark)) {
			const [topic, type, ...payload] = line.slice(mark.length).split(' ');
			this.messages.push({connection: this.connection, topic, type, payload: payload.join(' ')});
			return;
		}
		this.said.push(line);
		if (line.endsWith('sending CONNECT')) this.connection++;
		if (line.endsWith('received SUBACK')) this.hasSubscribed = true;
	}

	/** The envelopes of geo topics, each with its topic. */
	get events() {
		return this.messages
			.filter(({topic}) => topic.startsWith('earshot/v1/geo/'))
			.map(({connection, topic, payload}) => ({connection, topic, ...JSON.parse(payload)}));
	}

	/** The first event about `subject`. */
	heard(subject, within_s) {
		return until(
			`the event about ${subject} is heard`,
			() => this.events.find((event) => event.subject === subject),
			within_s,
		);
	}

	async end() {
		this.#child.kill('SIGTERM');
		await this.ended;
	}
}
