import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

import {until} from './until.mjs';

const mark = '@ '; // Begins a message; the other lines are what mosquitto_sub says of itself.

/** What `mosquitto_sub` and `mosquitto_pub` need of GET /v1/broker. */
export function connectionArguments(broker) {
	const url = new URL(broker.urls.find((each) => each.startsWith('mqtt://')));
	return [
		...['-h', url.hostname, '-p', url.port, '-i', broker.client_id],
		...['-u', broker.username, '-P', broker.password],
	];
}

/** A mosquitto_sub that listens until `end()`, or until its connection ends. */
export class Subscriber {
	/** Returns when the broker has granted the subscription. */
	static async listen(broker, filters, args = []) {
		const subscriber = new Subscriber(broker, filters, args);
		await until('mosquitto_sub has subscribed', () => {
			if (subscriber.hasEnded) throw new Error(`it ended: ${subscriber.said.join(' | ')}`);
			return subscriber.said.some((line) => /received SUBACK/.test(line));
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
				return subscriber.hasEnded || subscriber.said.some((line) => /SUBACK/.test(line));
			});
			return subscriber.hasEnded ? undefined : subscriber;
		});
	}

	constructor(broker, filters, args) {
		this.messages = []; // {topic, payload, type, at_ms} in the order of their arrival.
		this.said = [];
		this.hasEnded = false;
		const child = spawn('mosquitto_sub', [
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
		if (!line.startsWith(mark)) return this.said.push(line);
		const [topic, type, ...payload] = line.slice(mark.length).split(' ');
		this.messages.push({topic, type, payload: payload.join(' ')});
	}

	/** Envelopes of geo topics. */
	get events() {
		return this.messages
			.filter(({topic}) => topic.startsWith('earshot/v1/geo/'))
			.map(({topic, type, payload}) => ({topic, type, ...JSON.parse(payload)}));
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
