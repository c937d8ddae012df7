import {ApiError} from './api';
import {distance_m} from './geo';
import type {Area} from './place';
import {Bell, fullJitter_ms, withDeadline} from './waiting';
import {parseEnvelope, type Broker, type Cover, type Envelope, type Position} from './wire';
import type {Question, Snapshot} from './wire';

/**
 * How fresh the list is. `polling`: it is fetched every few seconds, because topics cannot serve
 * this area; `offline`: live updates are down and are being tried again.
 */
export type FeedState = 'connecting' | 'catching-up' | 'live' | 'polling' | 'offline';

/** One connection to the broker, from CONNACK to its end. */
export interface Connection {
	/**
	 * Resolves with the code that SUBACK grants for each filter, in order; 128 and above are
	 * refusals.
	 */
	subscribe(filters: readonly string[]): Promise<readonly number[]>;
	unsubscribe(filters: readonly string[]): void;
	close(): void;
	readonly closed: Promise<void>;
}

export type OnMessage = (topic: string, payload: string) => void;

export interface Transport {
	connect(broker: Broker, onMessage: OnMessage): Promise<Connection>;
}

export interface FeedSource {
	cover(area: Area, signal: AbortSignal): Promise<Cover>;
	broker(signal: AbortSignal): Promise<Broker>;
	questions(area: Area, signal: AbortSignal): Promise<Snapshot>;
}

export interface FeedListener {
	/** `reason` is what went wrong last, for who looks closer. */
	onState(state: FeedState, reason: string): void;
	/** A fresh list; it is to be merged, for pushed questions may be newer than it. */
	onSnapshot(snapshot: Snapshot): void;
	onQuestion(question: Question): void;
	/** What keeps the feed from being complete; undefined when nothing does any more. */
	onProblem(problem: Error | undefined): void;
}

const connectionEnded = 'The connection to the broker ended';
// Events held while a list is on its way; beyond, the list is fetched again.
const earlyMax = 1_000;
const topicsMax = 10_000;
const roundsMax = 3;
const subackDeadline_ms = 10_000;
const pollPeriod_ms = 15_000;
const gapPatience_ms = 1_000;
const retryAfterMax_ms = 60_000;
const stableAfter_ms = 10_000; // A connection that ends sooner counts as one more failure.
const patience_ms = 800; // A broker slower than this does not keep the first list from being shown.

/**
 * A live view of one area: subscribes first, then fetches the list, so that nothing can fall
 * between the two.
 *
 * It reconnects for ever with full jitter and fresh credentials, and after every reconnect,
 * wake-up or gap subscribes and fetches again.
 */
export class LiveFeed {
	#area: Area;
	#round = new AbortController(); // Aborted when the area changes under it.
	#connection: Connection | undefined;
	#filters: readonly string[] = [];
	#early: Array<{topic: string; envelope: Envelope}> | undefined; // Undefined while live.
	#isOverflown = false;
	#position: Position | undefined;
	#lastOffsets = new Map<string, number>(); // Per topic, since the last snapshot.
	#isListed = false; // Some list of this area has been shown.
	#gapTimer: ReturnType<typeof setTimeout> | undefined;
	#state: FeedState | undefined;
	#isStopped = false;
	readonly #bell = new Bell();

	constructor(
		area: Area,
		private readonly source: FeedSource & {readonly transport: Transport},
		private readonly listener: FeedListener,
		private readonly random: () => number = Math.random,
	) {
		this.#area = area;
	}

	/** Runs until `stop`; never rejects. */
	async run(): Promise<void> {
		let failures = 0;
		this.#show('connecting');
		while (!this.#isStopped) {
			const area = this.#area;
			this.#round = new AbortController();
			this.#bell.silence(); // Whatever it was rung for, this round does.
			const forgive = () => (failures = 0);
			let stable: ReturnType<typeof setTimeout> | undefined;
			try {
				const isComplete = await this.#catchUp(area, this.#round.signal);
				stable = setTimeout(forgive, stableAfter_ms);
				await this.#rest(isComplete);
			} catch (error) {
				if (this.#isStopped || area !== this.#area) continue;
				this.#bell.silence(); // The end of the connection rang it; that is no reason to hurry.
				this.#disconnect();
				this.#show(failures === 0 ? 'connecting' : 'offline', messageOf(error));
				if (failures > 0 || !this.#isListed) await this.#listAnyway(area, error);
				const asked_ms = error instanceof ApiError ? (error.retryAfter_ms ?? 0) : 0;
				const leaveAlone_ms = Math.min(asked_ms, retryAfterMax_ms);
				await this.#bell.wait(leaveAlone_ms + fullJitter_ms(failures++, this.random));
			} finally {
				clearTimeout(stable);
			}
		}
		this.#disconnect();
	}

	/** Listens to another area over the same connection. */
	move(area: Area): void {
		this.#area = area;
		this.#isListed = false;
		this.#round.abort();
		this.#bell.ring();
	}

	/**
	 * Subscribes and fetches again, now: after a wake-up, a network change, or when somebody asks.
	 */
	resync(): void {
		this.#bell.ring();
	}

	stop(): void {
		this.#isStopped = true;
		this.#round.abort();
		this.#bell.ring();
	}

	/**
	 * One round: cover, connection, SUBACK, list, early events. False when topics do not serve it
	 * all.
	 */
	async #catchUp(area: Area, signal: AbortSignal): Promise<boolean> {
		const slow = setTimeout(() => void this.#listWhileConnecting(area, signal), patience_ms);
		let isServed = false;
		let refusal: Error | undefined;
		try {
			const {filters} = await this.source.cover(area, signal);
			isServed = filters.length > 0;
			if (isServed) refusal = await this.#subscribe(filters, signal);
		} finally {
			clearTimeout(slow);
		}
		if (this.#state !== 'polling') this.#show('catching-up');
		await this.#fetch(area, signal);
		if (isServed && !this.#connection) throw new Error(connectionEnded);
		this.listener.onProblem(refusal);
		const isComplete = isServed && !refusal;
		this.#show(isComplete ? 'live' : 'polling');
		return isComplete;
	}

	/**
	 * Subscribes, on the open connection or a new one. An error says that the broker refused some
	 * filters.
	 */
	async #subscribe(filters: readonly string[], signal: AbortSignal): Promise<Error | undefined> {
		this.#early = [];
		this.#isOverflown = false;
		this.#connection ??= await this.#connect(signal);
		const connection = this.#connection;
		const granted = await withDeadline(
			connection.subscribe(filters),
			subackDeadline_ms,
			'The broker does not answer',
		);
		const wanted = new Set(filters);
		const gone = this.#filters.filter((filter) => !wanted.has(filter));
		if (gone.length > 0) connection.unsubscribe(gone);
		this.#filters = filters;
		const refused = filters.filter((_, index) => (granted[index] ?? 128) >= 128).length;
		if (refused === 0) return undefined;
		return new Error(`Live updates were refused for ${refused} of ${filters.length} areas.`);
	}

	async #connect(signal: AbortSignal): Promise<Connection> {
		const broker = await this.source.broker(signal);
		const connection = await this.source.transport.connect(broker, (topic, payload) =>
			this.#receive(topic, payload),
		);
		void connection.closed.then(() => {
			if (this.#connection !== connection) return;
			this.#connection = undefined;
			this.#filters = [];
			this.#bell.ring();
		});
		return connection;
	}

	async #fetch(area: Area, signal: AbortSignal): Promise<void> {
		for (let round = 1; ; round++) {
			const snapshot = await this.source.questions(area, signal);
			signal.throwIfAborted();
			this.#list(snapshot);
			if (!this.#isOverflown) break;
			if (round === roundsMax) throw new Error('Too much happens here to keep up.');
			this.#isOverflown = false;
			this.#early = [];
		}
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const {topic, envelope} of early) this.#deliver(topic, envelope);
	}

	#list(snapshot: Snapshot): void {
		this.#position = snapshot.position;
		this.#lastOffsets.clear();
		this.#isListed = true;
		this.listener.onSnapshot(snapshot);
	}

	#receive(topic: string, payload: string): void {
		const envelope = parseEnvelope(payload);
		if (!envelope) return;
		if (!this.#early) {
			this.#deliver(topic, envelope);
		} else if (this.#early.length < earlyMax) {
			this.#early.push({topic, envelope});
		} else {
			this.#isOverflown = true;
			this.#early = [];
		}
	}

	#deliver(topic: string, envelope: Envelope): void {
		const position = this.#position;
		if (!position) return;
		if (envelope.epoch !== position.epoch) return this.#catchUpSoon(); // History was replaced.
		const seen = Math.max(position.offset, this.#lastOffsets.get(topic) ?? 0);
		if (envelope.prev > seen || this.#lastOffsets.size >= topicsMax) this.#catchUpSoon();
		this.#lastOffsets.set(topic, Math.max(seen, envelope.offset));
		const question = envelope.question;
		// The filters contain the circle and about as much again around it.
		if (question && distance_m(this.#area, question) <= this.#area.radius_m) {
			this.listener.onQuestion(question);
		}
	}

	/** Spread over a moment, for a gap is often everybody's gap. */
	#catchUpSoon(): void {
		this.#gapTimer ??= setTimeout(() => {
			this.#gapTimer = undefined;
			this.#bell.ring();
		}, this.random() * gapPatience_ms);
	}

	/** Waits until there is a reason for the next round. */
	async #rest(isComplete: boolean): Promise<void> {
		const hadConnection = this.#connection !== undefined;
		await this.#bell.wait(isComplete ? 2 ** 31 - 1 : pollPeriod_ms);
		if (hadConnection && !this.#connection) throw new Error(connectionEnded);
	}

	async #listWhileConnecting(area: Area, signal: AbortSignal): Promise<void> {
		try {
			const snapshot = await this.source.questions(area, signal);
			if (!signal.aborted && !this.#isListed) this.#list(snapshot);
		} catch {
			// The round itself reports what is wrong.
		}
	}

	/** Without a broker there is still a list, as long as the server answers. */
	async #listAnyway(area: Area, cause: unknown): Promise<void> {
		try {
			if (cause instanceof ApiError && (cause.status === 0 || cause.status === 429)) throw cause;
			const snapshot = await this.source.questions(area, this.#round.signal);
			if (area === this.#area) this.#list(snapshot);
			this.listener.onProblem(undefined);
		} catch (error) {
			if (this.#isStopped || area !== this.#area) return;
			this.listener.onProblem(error instanceof Error ? error : new Error(messageOf(error)));
		}
	}

	#disconnect(): void {
		clearTimeout(this.#gapTimer);
		this.#gapTimer = undefined;
		const connection = this.#connection;
		this.#connection = undefined;
		this.#filters = [];
		this.#early = undefined;
		connection?.close();
	}

	#show(state: FeedState, reason = ''): void {
		if (state === this.#state) return;
		this.#state = state;
		this.listener.onState(state, reason);
	}
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
