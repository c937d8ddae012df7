import type {EarshotEvent, EventPage, Failure, FeedEffect, Position} from '../../src/feed/index.ts';
import {centreOf, distance_m, type Circle} from '../../src/geo/index.ts';
import type {Random} from '../random/random.ts';
import type {EventLog, State} from './event-log.ts';
import type {Faults} from './faults.ts';
import type {Timeline} from './timeline.ts';

export interface Snapshot {
	readonly state: State;
	readonly position: Position;
}

type Answer<T> = (answer: T | Failure) => void;
type EventsRequest = Extract<FeedEffect, {type: 'fetch-events'}>;

const failuresMax = 3;

export function isWithin(circle: Circle, cell: string): boolean {
	return distance_m(circle, centreOf(cell)) <= circle.radius_m;
}

/** The server's HTTP side: late, failing at times, and exact. */
export class Api {
	#failures = 0;

	constructor(
		private readonly time: Timeline,
		private readonly random: Random,
		private readonly log: EventLog,
		private readonly faults: Faults,
	) {}

	snapshot(circle: Circle, answer: Answer<Snapshot>): void {
		this.#answer(answer, () => {
			const back = this.random.chance(this.faults.staleSnapshot) ? this.random.whole(1, 5) : 0;
			const position = this.log.positionBack(back);
			const state = this.log.stateAt(position.offset, (cell) => isWithin(circle, cell));
			return {state, position};
		});
	}

	events(request: EventsRequest, answer: Answer<EventPage>): void {
		const until_ms = this.time.now_ms + request.wait_s * 1_000;
		this.#answer(answer, () => this.#page(request), until_ms);
	}

	#page({after, cells, circle}: EventsRequest): EventPage | Failure {
		if (!this.log.isReadableFrom(after)) return {kind: 'expired'};
		const isWanted = ({cell}: EarshotEvent) =>
			cells.length > 0
				? cells.some((prefix) => cell.startsWith(prefix))
				: isWithin(circle, cell);
		return this.log.read(after.offset, isWanted, this.random.whole(1, 20));
	}

	#answer<T extends object>(answer: Answer<T>, read: () => T | Failure, until_ms = 0): void {
		const latency_ms = () => this.random.between(1, this.faults.apiLatencyMax_ms / 2);
		this.time.after(latency_ms(), () => {
			const failure = this.#failure();
			const result = failure ?? read();
			if (until_ms > this.time.now_ms && 'events' in result && isEmpty(result)) {
				let isOver = false;
				const goOn = () => {
					if (isOver) return;
					isOver = true;
					this.#answer(answer, read, until_ms);
				};
				this.log.onNextAppend(goOn);
				this.time.at(until_ms, goOn);
				return;
			}
			this.time.after(latency_ms(), () => answer(result));
		});
	}

	#failure(): Failure | undefined {
		if (!this.faults.isApiReachable) return {kind: 'passing'};
		if (!this.random.chance(this.faults.apiFailure) || this.#failures >= failuresMax) {
			this.#failures = 0;
			return undefined;
		}
		this.#failures++;
		return {kind: 'passing', retryAfter_ms: this.random.chance(0.3) ? 300 : undefined};
	}
}

function isEmpty(page: object): boolean {
	return 'events' in page && Array.isArray(page.events) && page.events.length === 0;
}
