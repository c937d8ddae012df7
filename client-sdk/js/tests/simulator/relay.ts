import type {EarshotEvent, Head} from '../../src/feed/index.ts';
import {geoFilter, headFilter, statusTopic} from '../../src/geo/topics.ts';
import type {Random} from '../random/random.ts';
import type {Broker} from './broker.ts';
import type {EventLog} from './event-log.ts';
import type {Timeline} from './timeline.ts';

const lanes = 3;
const headPeriod_ms = 1_000;

/**
 * Publishes the log: per topic in offset order, at least once, and again what it is not sure of
 * after a restart. The head of an area follows its events, at most once a second, and always last.
 */
export class Relay {
	#next = 0; // Index in the log.
	#term = 0;
	#isRunning = true;
	#laneFree_ms = new Array<number>(lanes).fill(0);
	#heads = new Map<string, Head>();
	#headAt_ms = new Map<string, number>();

	constructor(
		private readonly time: Timeline,
		private readonly random: Random,
		private readonly log: EventLog,
		private readonly broker: Broker,
	) {
		this.#sayOnlineSoon();
		this.#poll();
	}

	get isIdle(): boolean {
		return this.#isRunning && this.#next >= this.log.length && this.#busyUntil_ms < this.time.now_ms;
	}

	get #busyUntil_ms(): number {
		return Math.max(...this.#laneFree_ms, ...this.#headAt_ms.values());
	}

	/** Stands still for a while, and then begins a little before where it was. */
	restart(pause_ms: number): void {
		this.#isRunning = false;
		const term = ++this.#term; // What was under way is published all the same.
		this.broker.publish(statusTopic, {type: 'offline'}, true);
		this.time.after(pause_ms, () => {
			if (term !== this.#term) return;
			this.#isRunning = true;
			this.#next = Math.max(0, Math.min(this.#next, this.log.length) - this.random.whole(0, 8));
			for (const area of this.#heads.keys()) this.#publishHeadSoon(area);
			this.#sayOnlineSoon();
			this.#poll();
		});
	}

	/** The log is another one: so is everything that was known of it. */
	followRestore(): void {
		this.#heads.clear();
		this.#next = Math.min(this.#next, this.log.length); // Its place is restored with the log.
		for (let index = 0; index < this.log.length; index++) this.#enter(this.log.eventAt(index)!);
		this.restart(this.random.whole(10, 1_000));
	}

	/** When all heads have been said: until then the broker may lack some. */
	#sayOnlineSoon(): void {
		const term = this.#term;
		this.time.after(headPeriod_ms + 1, () => {
			if (term === this.#term) this.broker.publish(statusTopic, {type: 'online'}, true);
		});
	}

	#poll(): void {
		const term = this.#term;
		while (this.#isRunning) {
			const event = this.log.eventAt(this.#next);
			if (!event) break;
			this.#next++;
			this.#publishSoon(event);
		}
		this.log.onNextAppend(() => {
			this.time.after(this.random.whole(2, 20), () => {
				if (term === this.#term) this.#poll();
			});
		});
	}

	#publishSoon(event: EarshotEvent): void {
		const lane = event.cell.charCodeAt(4) % lanes;
		const lag_ms = this.random.whole(1, this.random.chance(0.05) ? 300 : 15);
		const at_ms = Math.max(this.#laneFree_ms[lane]!, this.time.now_ms + lag_ms);
		this.#laneFree_ms[lane] = at_ms;
		this.time.at(at_ms, () => {
			this.broker.publish(geoFilter(event.cell), event, false);
			if (event.epoch !== this.log.epoch) return;
			this.#enter(event);
			this.#publishHeadSoon(event.cell.slice(0, 5));
		});
	}

	#enter({epoch, offset, cell}: EarshotEvent): void {
		const area = cell.slice(0, 5);
		const old = this.#heads.get(area);
		const letter = cell[5]!;
		const cells = {...old?.cells, [letter]: Math.max(offset, old?.cells[letter] ?? 0)};
		this.#heads.set(area, {epoch, offset: Math.max(offset, old?.offset ?? 0), cells});
	}

	#publishHeadSoon(area: string): void {
		const last_ms = this.#headAt_ms.get(area) ?? -headPeriod_ms;
		if (last_ms > this.time.now_ms) return; // One is on its way, and will tell everything.
		const at_ms = Math.max(this.time.now_ms + 1, last_ms + headPeriod_ms);
		this.#headAt_ms.set(area, at_ms);
		this.time.at(at_ms, () => {
			const head = this.#heads.get(area);
			if (head) this.broker.publish(headFilter(area), head, true);
		});
	}
}
