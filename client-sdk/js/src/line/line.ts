import type {Http} from '../http.ts';
import {EarshotProblem} from '../http.ts';
import {isFields} from '../feed/event.ts';
import {statusTopic} from '../geo/topics.ts';
import type {BrokerAccess, Clock, Connection, OnMessage, Transport} from '../ports.ts';
import {randomKey} from '../random-key.ts';
import {TokenKeeper, type Renewal} from '../token-keeper.ts';
import {LineCore, type LineEffect, type LineInput} from './line-core.ts';

/** Somebody who wants messages. */
export interface LineListener {
	onMessage: OnMessage;
	/** A connection is being made; `onGranted` or `onRefused` follows. */
	onConnecting?(): void;
	onGranted(filters: readonly string[]): void;
	onRefused(filters: readonly string[]): void;
}

/** Where an owner of filters says what it wants. */
export interface Place {
	/** `again`: also for what the broker retains of those that are granted. */
	want(filters: readonly string[], again?: boolean): void;
	leave(): void;
}

interface LineParts {
	readonly http: Http;
	readonly transport: Transport;
	readonly clock: Clock;
	readonly renew: Renewal;
	readonly random: () => number;
}

const probeDeadline_ms = 3_000;
/** For so long after a connection ended, the next one is made with what that was made with. */
const accessReuse_ms = 60_000;

/** The one connection to the broker: carries out what its state machine says. */
export class Line {
	readonly #parts: LineParts;
	readonly #core: LineCore;
	readonly #listeners = new Map<number, LineListener>();
	#owners = 0;
	#connection: Connection | undefined;
	#attempt = 0;
	#access: BrokerAccess | undefined;
	#accessUntil_ms = 0;
	#cancelTick = () => {};

	constructor(parts: LineParts) {
		this.#parts = parts;
		this.#core = new LineCore(parts.random);
	}

	/** A new owner of filters; `want` none to take leave. */
	join(listener: LineListener): Place {
		const owner = ++this.#owners;
		this.#listeners.set(owner, listener);
		return {
			want: (filters, again) => this.#step({type: 'want', owner, filters, again}),
			leave: () => this.#leave(owner),
		};
	}

	wake(): void {
		this.#step({type: 'wake'});
	}

	close(): void {
		for (const owner of this.#listeners.keys()) this.#leave(owner);
		this.#cancelTick(); // What lingers is not waited for.
		this.#hangUp();
	}

	#leave(owner: number): void {
		this.#listeners.delete(owner);
		this.#step({type: 'want', owner, filters: []});
	}

	#step(input: LineInput): void {
		const {clock} = this.#parts;
		for (const effect of this.#core.step(input, clock.now_ms())) this.#do(effect);
		this.#cancelTick();
		const wait_ms = this.#core.wakeAt_ms - clock.now_ms();
		if (wait_ms === Infinity) return;
		this.#cancelTick = clock.after(wait_ms, () => this.#step({type: 'tick'}));
	}

	#do(effect: LineEffect): void {
		switch (effect.type) {
			case 'connect':
				this.#tell((listener) => listener.onConnecting?.());
				void this.#connect(effect.attempt);
				return;
			case 'disconnect':
				return this.#hangUp();
			case 'probe':
				this.#connection?.probe(probeDeadline_ms);
				return;
			case 'subscribe':
				void this.#subscribe(effect.attempt, effect.filters);
				return;
			case 'unsubscribe':
				this.#connection?.unsubscribe(effect.filters);
				return;
			case 'granted': return this.#tell((listener) => listener.onGranted(effect.filters));
			case 'refused': return this.#tell((listener) => listener.onRefused(effect.filters));
		}
	}

	#tell(say: (listener: LineListener) => void): void {
		for (const listener of [...this.#listeners.values()]) say(listener);
	}

	async #connect(attempt: number): Promise<void> {
		const {http, transport, renew, clock} = this.#parts;
		this.#attempt = attempt;
		try {
			// What the last connection was made with serves once more, so that a broker that restarts
			// does not send everybody to the API; unless that is why it ended, or it is long ago.
			if (clock.now_ms() > this.#accessUntil_ms) this.#access = undefined;
			const access = (this.#access ??= accessOf((await http.call('/v1/broker')).body));
			let connection: Connection | undefined;
			const keeper = new TokenKeeper(access.password, renew, (topic, payload) =>
				connection?.publish(topic, payload),
			);
			// The same person may have several tabs, and a client id has one connection.
			const own = {...access, client_id: `${access.client_id}-${randomKey()}`};
			connection = await transport.connect(own, (topic, payload) => {
				if (attempt !== this.#attempt || keeper.takes(topic, payload)) return;
				const say = () => this.#tell((listener) => listener.onMessage(topic, payload));
				if (topic !== statusTopic) return say();
				// SUBACK may have come with it, and is taken in first. Where a filter was refused, there
				// may be heads that are not sent.
				clock.after(0, () => this.#core.isWhole && say());
			});
			if (attempt !== this.#attempt) return connection.close();
			this.#connection = connection;
			void connection.closed.then(() => {
				this.#accessUntil_ms = clock.now_ms() + accessReuse_ms;
				this.#step({type: 'closed', attempt});
			});
			this.#step({type: 'connected', attempt});
		} catch (error) {
			if (isFields(error) && typeof error.code === 'number') this.#accessUntil_ms = 0;
			const retryAfter_ms = error instanceof EarshotProblem ? error.retryAfter_ms : undefined;
			this.#step({type: 'closed', attempt, retryAfter_ms});
		}
	}

	async #subscribe(attempt: number, filters: readonly string[]): Promise<void> {
		try {
			const codes = await this.#connection?.subscribe(filters);
			this.#step({type: 'suback', attempt, filters, codes: codes ?? []});
		} catch {
			// What the broker does not answer is not to be relied on: the connection begins anew.
			if (attempt !== this.#attempt) return;
			this.#hangUp();
			this.#step({type: 'closed', attempt});
		}
	}

	#hangUp(): void {
		this.#attempt = 0;
		this.#connection?.close();
		this.#connection = undefined;
	}
}

function accessOf(body: unknown): BrokerAccess {
	const {urls, client_id, username, password} = isFields(body) ? body : {};
	const texts = [client_id, username, password];
	if (!Array.isArray(urls) || !texts.every((text) => typeof text === 'string')) {
		throw new Error('The server names no broker');
	}
	return body as BrokerAccess;
}
