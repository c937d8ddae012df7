import {isFields, parseEvent, parseHead, parseJson, parsePosition, positionText} from './feed/event.ts';
import type {EarshotEvent, Position} from './feed/event.ts';
import {FeedCore} from './feed/feed-core.ts';
import type {EventPage, Failure, FeedEffect, FeedInput, FeedOptions} from './feed/feed-types.ts';
import type {FeedStatus, ResetReason} from './feed/feed-types.ts';
import {cellsServedBy, filtersOf} from './feed/filters.ts';
import {areaOfTopic, statusTopic} from './geo/topics.ts';
import type {Circle} from './geo/point.ts';
import {EarshotProblem, type Http} from './http.ts';
import type {Line} from './line/line.ts';
import type {Clock} from './ports.ts';
import {asError, tell} from './tell.ts';

/** A state, and the position at which it is exact. */
export interface Snapshot<State> {
	readonly state: State;
	/** As the server says it: `<epoch>:<offset>`. */
	readonly position: string;
}

/** Fetches JSON from the server, with the caller's token. */
export type Get = (path: string) => Promise<unknown>;

export interface FeedDefinition<State> {
	/** The state of everything in the circle now, from one answer of the server. */
	snapshot(circle: Circle, get: Get): Promise<Snapshot<State>>;
	/** The state after the event; a new one, or the old one unchanged. */
	reduce(state: State, event: EarshotEvent): State;
	readonly options?: Partial<FeedOptions>;
}

export interface FeedListener<State> {
	/** After a snapshot and after every event. */
	state?(state: State): void;
	status?(status: FeedStatus): void;
	/** The state is about to be replaced: what was derived from its events is void. */
	reset?(reason: ResetReason): void;
	/** What the last request failed with; undefined when one has succeeded since. */
	problem?(problem: Error | undefined): void;
}

interface FeedParts {
	readonly http: Http;
	readonly line: Line;
	readonly clock: Clock;
	readonly random: () => number;
}

type Fetch = Extract<FeedEffect, {type: 'fetch-snapshot' | 'fetch-events'}>;

/** A live view of a circle: each event once, in order, and complete; or a `reset`. */
export class Feed<State> {
	readonly #definition: FeedDefinition<State>;
	readonly #parts: FeedParts;
	readonly #core: FeedCore;
	readonly #listeners = new Set<FeedListener<State>>();
	readonly #place: ReturnType<Line['join']>;
	readonly #snapshots = new Map<number, State>();
	readonly #running = new Map<number, AbortController>();
	#cells: readonly string[] = [];
	#state: State | undefined;
	#problem: Error | undefined;
	#cancelTick = () => {};
	readonly #onClose: () => void;

	/** Feeds are made by `near`. */
	constructor(
		circle: Circle,
		definition: FeedDefinition<State>,
		parts: FeedParts,
		onClose: () => void = () => {},
	) {
		this.#onClose = onClose;
		this.#definition = definition;
		this.#parts = parts;
		this.#core = new FeedCore(definition.options, parts.random);
		this.#place = parts.line.join({
			onMessage: (topic, payload) => this.#receive(topic, payload),
			onConnecting: () => this.#step({type: 'connecting'}),
			onGranted: (filters) => this.#step({type: 'granted', cells: this.#servedBy(filters)}),
			onRefused: (filters) => this.#step({type: 'refused', cells: this.#servedBy(filters)}),
		});
		// Listeners are added first.
		queueMicrotask(() => this.#step({type: 'start', circle}));
	}

	/** Undefined until the first snapshot is there. */
	get state(): State | undefined {
		return this.#state;
	}

	get status(): FeedStatus {
		return this.#core.status;
	}

	get problem(): Error | undefined {
		return this.#problem;
	}

	/** Returns how to stop listening. */
	listen(listener: FeedListener<State>): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Another circle. The state goes on as it is until the snapshot of the new one is there. */
	move(circle: Circle): void {
		this.#step({type: 'move', circle});
	}

	/** Looks now whether anything was missed. */
	wake(): void {
		this.#step({type: 'wake'});
	}

	close(): void {
		this.#step({type: 'stop'});
		this.#cancelTick();
		this.#place.leave();
		this.#onClose();
	}

	#step(input: FeedInput): void {
		const {clock} = this.#parts;
		for (const effect of this.#core.step(input, clock.now_ms())) this.#do(effect);
		this.#cancelTick();
		const wait_ms = this.#core.wakeAt_ms - clock.now_ms();
		if (wait_ms === Infinity) return;
		this.#cancelTick = clock.after(wait_ms, () => this.#step({type: 'tick'}));
	}

	#do(effect: FeedEffect): void {
		switch (effect.type) {
			case 'want':
				this.#cells = effect.cells;
				return this.#place.want(filtersOf(effect.cells), effect.again);
			case 'fetch-snapshot':
				return this.#run(effect, async (signal) => {
					const get: Get = async (path) => (await this.#parts.http.call(path, {signal})).body;
					const {state, position} = await this.#definition.snapshot(effect.circle, get);
					const parsed = parsePosition(position);
					if (!parsed) throw new Error(`The snapshot has no position: ${position}`);
					this.#snapshots.set(effect.request, state);
					return {type: 'snapshot', request: effect.request, position: parsed};
				});
			case 'fetch-events':
				return this.#run(effect, async (signal) => {
					const page = await this.#fetchEvents(effect, signal);
					return {type: 'page', request: effect.request, page};
				});
			case 'abort':
				this.#running.get(effect.request)?.abort();
				this.#running.delete(effect.request);
				return;
			case 'replace':
				this.#state = this.#snapshots.get(effect.request)!;
				this.#snapshots.clear();
				return this.#tell('state', this.#state);
			case 'apply':
				this.#state = this.#definition.reduce(this.#state as State, effect.event);
				return this.#tell('state', this.#state);
			case 'reset':
				return this.#tell('reset', effect.reason);
			case 'status':
				return this.#tell('status', effect.status);
		}
	}

	#run({type, request}: Fetch, work: (signal: AbortSignal) => Promise<FeedInput>): void {
		const abort = new AbortController();
		this.#running.set(request, abort);
		work(abort.signal).then(
			(input) => this.#answer(request, abort, input),
			(error: unknown) => {
				const failure = failureOf(error, type === 'fetch-events');
				// The others are answers: the feed fetches a snapshot and says `reset`.
				const problem = failure.kind === 'passing' ? asError(error) : undefined;
				this.#answer(request, abort, {type: 'failed', request, failure}, problem);
			},
		);
	}

	#answer(request: number, abort: AbortController, input: FeedInput, problem?: Error): void {
		this.#running.delete(request);
		if (abort.signal.aborted) return;
		if (problem !== this.#problem) {
			this.#problem = problem;
			this.#tell('problem', problem);
		}
		this.#step(input);
	}

	async #fetchEvents(
		{cells, circle, after, wait_s}: Extract<Fetch, {type: 'fetch-events'}>,
		signal: AbortSignal,
	): Promise<EventPage> {
		const where = cells.length > 0 ? {cells: String(cells)} : fieldsOf(circle);
		const query = new URLSearchParams({...where, after: positionText(after)});
		const headers: Record<string, string> = wait_s > 0 ? {prefer: `wait=${wait_s}`} : {};
		const options = {signal, headers, deadline_ms: wait_s * 1_000};
		return pageOf((await this.#parts.http.call(`/v1/events?${query}`, options)).body, after);
	}

	#receive(topic: string, payload: string): void {
		const isStatus = topic === statusTopic && (payload === 'online' || payload === 'offline');
		if (isStatus) return this.#step({type: payload});
		const value = parseJson(payload);
		const area = areaOfTopic(topic);
		if (area === undefined) {
			const event = parseEvent(value);
			if (event) this.#step({type: 'event', event});
		} else {
			const head = parseHead(value);
			if (head) this.#step({type: 'head', area, head});
		}
	}

	#servedBy(filters: readonly string[]): string[] {
		return cellsServedBy(this.#cells, filters);
	}

	#tell<Name extends keyof FeedListener<State>>(
		name: Name,
		...args: Parameters<NonNullable<FeedListener<State>[Name]>>
	): void {
		for (const listener of [...this.#listeners]) {
			tell(() => (listener[name] as ((...args: unknown[]) => void) | undefined)?.(...args));
		}
	}
}

/** The query of a circle, as every route of the server takes it. */
export function fieldsOf({lat, lon, radius_m}: Circle): Record<string, string> {
	return {lat: String(lat), lon: String(lon), radius_m: String(radius_m)};
}

function failureOf(error: unknown, isOfLog: boolean): Failure {
	if (!(error instanceof EarshotProblem)) return {kind: 'passing'};
	if (isOfLog && error.status === 410) return {kind: 'expired'};
	// Any other server answers 404 with a page of its own, but that is no log either.
	if (isOfLog && [404, 405, 501].includes(error.status)) return {kind: 'no-log'};
	return {kind: 'passing', retryAfter_ms: error.retryAfter_ms};
}

function pageOf(body: unknown, after: Position): EventPage {
	const fields = isFields(body) ? body : {};
	const position = parsePosition(fields['position']);
	const events = Array.isArray(fields['events']) ? fields['events'].map(parseEvent) : [undefined];
	const known = events.filter((event) => event !== undefined);
	if (!position || known.length < events.length) throw new Error('The server sent no page of events');
	const isBack = position.epoch === after.epoch && position.offset < after.offset;
	if (isBack) throw new Error('The server went back behind the position asked for');
	return {events: known, position, more: fields['more'] === true};
}
