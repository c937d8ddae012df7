import type {Random} from '../random/random.ts';
import type {Faults} from './faults.ts';
import type {Timeline} from './timeline.ts';

export type Deliver = (topic: string, payload: object) => void;

/** A client's connection, as the broker sees it. */
export class BrokerConnection {
	readonly filters = new Set<string>();
	readonly busyUntil = new Map<string, number>(); // By topic: no topic overtakes itself.
	isOpen = true;

	constructor(
		readonly deliver: Deliver,
		readonly onClose: () => void,
	) {}
}

/** Loses, repeats, and lets topics overtake each other; forgets everything when it restarts. */
export class Broker {
	readonly #connections = new Set<BrokerConnection>();
	readonly #retained = new Map<string, object>();

	constructor(
		private readonly time: Timeline,
		private readonly random: Random,
		private readonly faults: Faults,
	) {}

	connect(deliver: Deliver, onClose: () => void): BrokerConnection {
		const connection = new BrokerConnection(deliver, onClose);
		this.#connections.add(connection);
		return connection;
	}

	subscribe(connection: BrokerConnection, filters: readonly string[]): number[] {
		const codes = filters.map((filter) => {
			const refusal = areHeads(filter) ? this.faults.headRefusal : this.faults.refusal;
			if (this.random.chance(refusal)) return 128;
			connection.filters.add(filter);
			return 0;
		});
		for (const [topic, payload] of this.#retained) {
			if (filters.some((filter, index) => codes[index] === 0 && matches(filter, topic))) {
				this.#send(connection, topic, payload, true);
			}
		}
		return codes;
	}

	publish(topic: string, payload: object, isRetained: boolean): void {
		if (isRetained) this.#retained.set(topic, payload);
		for (const connection of this.#connections) {
			const isWanted = [...connection.filters].some((filter) => matches(filter, topic));
			if (isWanted) this.#send(connection, topic, payload, isRetained);
		}
	}

	cut(connection: BrokerConnection): void {
		if (!connection.isOpen) return;
		connection.isOpen = false;
		this.#connections.delete(connection);
		this.time.after(this.random.whole(0, 200), connection.onClose);
	}

	cutAll(): void {
		for (const connection of [...this.#connections]) this.cut(connection);
	}

	restart(): void {
		this.#retained.clear();
		this.cutAll();
	}

	#send(connection: BrokerConnection, topic: string, payload: object, isHead: boolean): void {
		const loss = isHead ? this.faults.headLoss : this.faults.loss;
		if (this.random.chance(loss)) return;
		const copies = this.random.chance(this.faults.repeat) ? 2 : 1;
		for (let copy = 0; copy < copies; copy++) {
			const lag_ms = this.random.whole(1, this.random.chance(0.1) ? this.faults.lag_ms : 20);
			const free_ms = connection.busyUntil.get(topic) ?? 0;
			const at_ms = Math.max(free_ms, this.time.now_ms + lag_ms);
			connection.busyUntil.set(topic, at_ms);
			this.time.at(at_ms, () => {
				if (connection.isOpen) connection.deliver(topic, payload);
			});
		}
	}
}

function areHeads(filter: string): boolean {
	return filter.startsWith('earshot/v1/head/');
}

export function matches(filter: string, topic: string): boolean {
	return filter.endsWith('/#') ? topic.startsWith(filter.slice(0, -1)) : filter === topic;
}
