import type {
	EarshotEvent,
	Failure,
	FeedCore,
	FeedEffect,
	FeedInput,
	FeedStatus,
	Head,
	ResetReason,
} from '../../src/feed/index.ts';
import type {Circle} from '../../src/geo/index.ts';
import {areaOfTopic, statusTopic} from '../../src/geo/topics.ts';
import {cellsServedBy, filtersOf} from '../../src/feed/filters.ts';
import type {LineCore, LineEffect, LineInput} from '../../src/line/line-core.ts';
import type {Random} from '../random/random.ts';
import {isWithin, type Api, type Snapshot} from './api.ts';
import type {Broker, BrokerConnection} from './broker.ts';
import {emptyChain, link, type State} from './event-log.ts';
import type {Faults} from './faults.ts';
import type {Timeline} from './timeline.ts';

/** An app with one feed: carries out what the two machines say, and watches over the promises. */
export class Client {
	state: State | undefined;
	circle: Circle;
	status: FeedStatus = 'connecting';
	readonly resets: ResetReason[] = [];
	readonly violations: string[] = [];
	/** A request has failed, and the next one is not made yet. */
	isBackingOff = false;
	applied = 0;
	requests = 0;
	subscribed = 0;
	#cells: readonly string[] = [];
	#snapshots = new Map<number, Snapshot>();
	#connection: BrokerConnection | undefined;
	#attempt = 0;
	#isResetting = false;
	#grantedAt_ms = 0;

	constructor(
		private readonly world: {time: Timeline; random: Random; broker: Broker; api: Api; faults: Faults},
		private readonly feed: FeedCore,
		private readonly line: LineCore,
		circle: Circle,
	) {
		this.circle = circle;
		this.#feedStep({type: 'start', circle});
	}

	get sinceGrant_ms(): number {
		return this.world.time.now_ms - this.#grantedAt_ms;
	}

	move(circle: Circle): void {
		this.#feedStep({type: 'move', circle});
	}

	wake(): void {
		this.#lineStep({type: 'wake'});
		this.#feedStep({type: 'wake'});
	}

	#feedStep(input: FeedInput): void {
		const {time} = this.world;
		for (const effect of this.feed.step(input, time.now_ms)) this.#do(effect);
		this.#wakeUpFor(this.feed, () => this.#feedStep({type: 'tick'}));
	}

	#lineStep(input: LineInput): void {
		const {time} = this.world;
		for (const effect of this.line.step(input, time.now_ms)) this.#doOnLine(effect);
		this.#wakeUpFor(this.line, () => this.#lineStep({type: 'tick'}));
	}

	/** Ticks that are superfluous by then do no harm, but there would be ever more of them. */
	#wakeUpFor(core: {wakeAt_ms: number}, tick: () => void): void {
		const at_ms = core.wakeAt_ms;
		if (at_ms === Infinity || this.#armed.get(core) === at_ms) return;
		this.#armed.set(core, at_ms);
		this.world.time.at(at_ms, () => {
			if (this.#armed.get(core) !== at_ms) return;
			this.#armed.delete(core);
			tick();
		});
	}
	readonly #armed = new Map<object, number>();

	#do(effect: FeedEffect): void {
		switch (effect.type) {
			case 'want':
				this.#cells = effect.cells;
				return this.#lineStep({
					...{type: 'want', owner: 1, filters: filtersOf(effect.cells)},
					again: effect.again,
				});
			case 'fetch-snapshot': {
				this.#countRequest();
				const {request} = effect;
				return this.world.api.snapshot(effect.circle, (answer) => {
					if ('kind' in answer) return this.#fail(request, answer);
					this.#snapshots.set(request, answer);
					this.#feedStep({type: 'snapshot', request, position: answer.position});
				});
			}
			case 'fetch-events': {
				this.#countRequest();
				const {request} = effect;
				return this.world.api.events(effect, (answer) => {
					if ('kind' in answer) return this.#fail(request, answer);
					this.#feedStep({type: 'page', request, page: answer});
				});
			}
			case 'replace':
				if (this.state && !this.#isResetting) this.#blame('replaced without a reset');
				this.#isResetting = false;
				this.state = new Map(this.#snapshots.get(effect.request)!.state);
				this.circle = effect.circle;
				return;
			case 'reset':
				this.#isResetting = true;
				this.resets.push(effect.reason);
				return;
			case 'apply':
				return this.#apply(effect.event);
			case 'status':
				this.status = effect.status;
				return;
			case 'abort':
				return;
		}
	}

	#countRequest(): void {
		this.requests++;
		this.isBackingOff = false;
	}

	#fail(request: number, failure: Failure): void {
		this.isBackingOff = true;
		this.#feedStep({type: 'failed', request, failure});
	}

	#apply(event: EarshotEvent): void {
		this.applied++;
		if (!this.state) return this.#blame('applied without a state');
		if (!isWithin(this.circle, event.cell)) return this.#blame(`${event.id} is outside`);
		const chain = this.state.get(event.cell) ?? emptyChain;
		if (event.offset <= chain.last) this.#blame(`${event.id} was applied twice or too late`);
		else if (event.prev !== chain.last) {
			this.#blame(`${event.id} was applied after ${chain.last}, not ${event.prev}`);
		}
		this.state.set(event.cell, link(chain, event.offset));
	}

	#blame(what: string): void {
		this.violations.push(`${Math.round(this.world.time.now_ms)} ms: ${what}`);
	}

	#doOnLine(effect: LineEffect): void {
		const {time, random, broker, faults} = this.world;
		switch (effect.type) {
			case 'connect': {
				const {attempt} = effect;
				this.#attempt = attempt;
				this.#feedStep({type: 'connecting'});
				time.after(random.whole(5, 300), () => {
					if (!faults.isBrokerReachable) return this.#lineStep({type: 'closed', attempt});
					if (attempt !== this.#attempt) return;
					this.#connection = broker.connect(
						(topic, payload) => this.#receive(topic, payload),
						() => this.#lineStep({type: 'closed', attempt}),
					);
					this.#lineStep({type: 'connected', attempt});
				});
				return;
			}
			case 'disconnect':
				this.#attempt = 0;
				if (this.#connection) broker.cut(this.#connection);
				return;
			case 'subscribe': {
				const {attempt, filters} = effect;
				const connection = this.#connection!;
				time.after(random.whole(1, 100), () => {
					if (!connection.isOpen) return;
					const codes = broker.subscribe(connection, filters);
					this.subscribed = Math.max(this.subscribed, connection.filters.size);
					time.after(random.whole(1, 100), () => {
						if (connection.isOpen) this.#lineStep({type: 'suback', attempt, filters, codes});
					});
				});
				return;
			}
			case 'unsubscribe':
				for (const filter of effect.filters) this.#connection?.filters.delete(filter);
				return;
			case 'granted':
				this.#grantedAt_ms = time.now_ms;
				return this.#feedStep({
					type: 'granted',
					cells: cellsServedBy(this.#cells, effect.filters),
				});
			case 'refused':
				return this.#feedStep({
					type: 'refused',
					cells: cellsServedBy(this.#cells, effect.filters),
				});
			case 'probe':
				return;
		}
	}

	#receive(topic: string, payload: object): void {
		const area = areaOfTopic(topic);
		if (topic === statusTopic) {
			if (this.line.isWhole) this.#feedStep(payload as FeedInput);
			return;
		}
		if (area !== undefined) this.#feedStep({type: 'head', area, head: payload as Head});
		else this.#feedStep({type: 'event', event: payload as EarshotEvent});
	}
}
