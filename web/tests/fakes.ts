import type {Connection, FeedListener, FeedState, OnMessage, Transport} from '../src/live-feed';
import type {Area} from '../src/place';
import type {Broker, Cover, Question, Snapshot} from '../src/wire';

export const here: Area = {lat: 37.7793, lon: -122.4193, radius_m: 8_000};
export const topic = 'earshot/v1/geo/9q8/y/y/k/9';

export function question(id: string, overrides: Partial<Question> = {}): Question {
	return {
		id,
		text: `text of ${id}`,
		kind: 'stars',
		state: 'open',
		lat: here.lat,
		lon: here.lon,
		author_name: 'Quiet Heron',
		mine: undefined,
		answers: 0,
		stars_mean: undefined,
		created_at: '2026-11-23T10:00:00Z',
		version: 1,
		...overrides,
	};
}

/** The envelope of a question as the topic carries it. */
export function envelope(
	asked: Question,
	offset: number,
	place: {prev?: number; epoch?: string} = {},
): string {
	const {prev = 0, epoch = 'e1'} = place;
	return JSON.stringify({type: 'question.asked', epoch, offset, prev, data: asked});
}

/** A broker that can refuse filters, be slow, be down, and cut its clients. */
export class FakeTransport implements Transport {
	readonly log: string[];
	refused = new Set<string>();
	isDown = false;
	isSilent = false;
	#onMessage: OnMessage = () => undefined;
	#cut: () => void = () => undefined;

	constructor(log: string[]) {
		this.log = log;
	}

	async connect(broker: Broker, onMessage: OnMessage): Promise<Connection> {
		this.log.push(`connect ${broker.password}`);
		if (this.isDown) throw new Error('connection refused');
		this.#onMessage = onMessage;
		return {
			subscribe: (filters) => this.#subscribe(filters),
			unsubscribe: (filters) => this.log.push(`unsubscribe ${filters.join(' ')}`),
			close: () => this.cut(),
			closed: new Promise((resolve) => (this.#cut = resolve)),
		};
	}

	push(payload: string): void {
		this.#onMessage(topic, payload);
	}

	cut(): void {
		this.#cut();
	}

	#subscribe(filters: readonly string[]): Promise<readonly number[]> {
		this.log.push(`subscribe ${filters.join(' ')}`);
		if (this.isSilent) return new Promise(() => undefined);
		return Promise.resolve(filters.map((filter) => (this.refused.has(filter) ? 128 : 0)));
	}
}

/** A server whose answers can be held back, and that notes what it was asked. */
export class FakeSource {
	readonly log: string[] = [];
	readonly transport = new FakeTransport(this.log);
	filters: readonly string[] = ['a/#', 'b/#'];
	questionsNow: readonly Question[] = [];
	epoch = 'e1';
	offset = 0;
	failure: Error | undefined;
	/** Runs while a list is on its way. */
	whileListing: () => void | Promise<void> = () => undefined;
	#credentials = 0;

	cover = async (area: Area): Promise<Cover> => {
		this.log.push(`cover ${area.radius_m}`);
		return {filters: this.filters};
	};

	broker = async (): Promise<Broker> => ({
		urls: ['ws://broker/mqtt'],
		client_id: 'guest',
		username: 'guest',
		password: `p${++this.#credentials}`,
	});

	questions = async (area: Area): Promise<Snapshot> => {
		this.log.push(`list ${area.radius_m}`);
		if (this.failure) throw this.failure;
		const position = {epoch: this.epoch, offset: this.offset};
		const snapshot = {questions: this.questionsNow, position, next: undefined};
		await this.whileListing();
		return snapshot;
	};
}

/** Notes everything that a feed tells. */
export class FakeListener implements FeedListener {
	readonly states: FeedState[] = [];
	readonly snapshots: Snapshot[] = [];
	readonly pushed: string[] = [];
	problem: Error | undefined;

	onState(state: FeedState): void {
		this.states.push(state);
	}

	onSnapshot(snapshot: Snapshot): void {
		this.snapshots.push(snapshot);
	}

	onQuestion({id}: Question): void {
		this.pushed.push(id);
	}

	onProblem(problem: Error | undefined): void {
		this.problem = problem;
	}

	get state(): FeedState | undefined {
		return this.states.at(-1);
	}
}
