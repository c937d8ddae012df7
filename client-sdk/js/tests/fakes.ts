import type {BrokerAccess, Connection, OnMessage, Store, Transport} from '../src/index.ts';

export interface Seen {
	readonly method: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: Headers;
	readonly body: unknown;
}

/** What a fake server answers; a number is a status, an error a lost connection. */
export type Reply = number | Error | {status?: number; body?: unknown; headers?: Record<string, string>};
type Route = (seen: Seen) => Reply | Promise<Reply>;

/** A server of a few routes that notes what it is asked. */
export class FakeServer {
	readonly seen: Seen[] = [];
	readonly routes = new Map<string, Route>();

	constructor() {
		this.on('GET /v1/broker', () => ({
			body: {urls: ['ws://broker'], client_id: 'me.1', username: 'me', password: 'token-1'},
		}));
	}

	on(route: string, answer: Route): void {
		this.routes.set(route, answer);
	}

	count(route: string): number {
		return this.seen.filter(({method, path}) => `${method} ${path}` === route).length;
	}

	readonly fetch: typeof fetch = async (input, init = {}) => {
		const url = new URL(String(input));
		const method = init.method ?? 'GET';
		const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
		const headers = new Headers(init.headers);
		const seen: Seen = {method, path: url.pathname, query: url.searchParams, headers, body};
		this.seen.push(seen);
		const route = this.routes.get(`${method} ${url.pathname}`);
		const aborted = new Promise<never>((_, reject) => {
			init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
		});
		const reply = await Promise.race([route?.(seen) ?? 404, aborted]);
		if (reply instanceof Error) throw reply;
		const whole = typeof reply === 'number' ? {status: reply} : reply;
		const status = whole.status ?? 200;
		const text = status === 304 ? null : JSON.stringify(whole.body ?? {});
		return new Response(text, {status, headers: whole.headers ?? {}});
	};
}

export class FakeConnection implements Connection {
	readonly subscribed: string[][] = [];
	readonly unsubscribed: string[][] = [];
	readonly published: Array<{topic: string; payload: string}> = [];
	probes = 0;
	isClosed = false;
	readonly closed: Promise<void>;
	#end!: () => void;

	constructor(
		readonly access: BrokerAccess,
		private readonly onMessage: OnMessage,
		private readonly grant: (filters: readonly string[]) => Promise<readonly number[]>,
		private readonly retained: ReadonlyMap<string, string>,
	) {
		this.closed = new Promise((resolve) => (this.#end = resolve));
	}

	subscribe(filters: readonly string[]): Promise<readonly number[]> {
		this.subscribed.push([...filters]);
		// As with MQTT.js, which has its callbacks in between.
		const codes = this.grant(filters).then((same) => Promise.resolve(same));
		for (const [topic, payload] of this.retained) {
			if (filters.includes(topic)) this.onMessage(topic, payload);
		}
		return codes;
	}

	unsubscribe(filters: readonly string[]): void {
		this.unsubscribed.push([...filters]);
	}

	publish(topic: string, payload: string): void {
		this.published.push({topic, payload});
	}

	probe(): void {
		this.probes++;
	}

	close(): void {
		this.isClosed = true;
		this.#end();
	}

	push(topic: string, payload: object): void {
		this.say(topic, JSON.stringify(payload));
	}

	say(topic: string, payload: string): void {
		this.onMessage(topic, payload);
	}
}

export class FakeTransport implements Transport {
	readonly connections: FakeConnection[] = [];
	attempts = 0;
	isBlocked = false;
	/** Connections come about, or are refused, when this has come. */
	answers: Promise<unknown> | undefined;
	/** The code with which the next CONNACK refuses. */
	refusal: number | undefined;
	/** Does not answer SUBSCRIBE. */
	isSilent = false;
	refuses: (filter: string) => boolean = () => false;
	/** What the broker sends with SUBACK, in this order. */
	readonly retained = new Map<string, string>();

	get current(): FakeConnection {
		return this.connections.at(-1)!;
	}

	async connect(access: BrokerAccess, onMessage: OnMessage): Promise<Connection> {
		this.attempts++;
		await this.answers;
		const code = this.refusal;
		this.refusal = undefined;
		if (code !== undefined) throw Object.assign(new Error('Refused'), {code});
		if (this.isBlocked) throw new Error('WebSockets are blocked here');
		const grant = (filters: readonly string[]) =>
			this.isSilent
				? new Promise<never>(() => {})
				: Promise.resolve(filters.map((filter) => (this.refuses(filter) ? 128 : 0)));
		const connection = new FakeConnection(access, onMessage, grant, this.retained);
		this.connections.push(connection);
		return connection;
	}
}

export class FakeStore implements Store {
	readonly items = new Map<string, string>();
	getItem = (key: string) => this.items.get(key) ?? null;
	setItem = (key: string, value: string) => void this.items.set(key, value);
	removeItem = (key: string) => void this.items.delete(key);
}
