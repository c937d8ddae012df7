/** Time, as far as the package needs it. Tests have one of their own. */
export interface Clock {
	/** Only differences count. */
	now_ms(): number;
	/** Runs `run` after `delay_ms`, unless the returned function is called before. */
	after(delay_ms: number, run: () => void): () => void;
}

const timerMax_ms = 2 ** 31 - 1; // Longer ones fire at once.

/** `performance.now` does not jump when somebody sets the clock. */
export const systemClock: Clock = {
	now_ms: () => performance.now(),
	after: (delay_ms, run) => {
		const timer = setTimeout(run, Math.min(Math.max(0, delay_ms), timerMax_ms));
		return () => clearTimeout(timer);
	},
};

/** What an MQTT client needs to connect, as `GET /v1/broker` says. */
export interface BrokerAccess {
	readonly urls: readonly string[];
	/** For a transport: of this connection alone. */
	readonly client_id: string;
	readonly username: string;
	readonly password: string;
}

/** One connection to the broker, from CONNACK to its end. */
export interface Connection {
	/** The code that SUBACK has for each filter, in order; 128 and above are refusals. */
	subscribe(filters: readonly string[]): Promise<readonly number[]>;
	unsubscribe(filters: readonly string[]): void;
	publish(topic: string, payload: string): void;
	/** Ends the connection unless the broker shows a sign of life within `deadline_ms`. */
	probe(deadline_ms: number): void;
	close(): void;
	readonly closed: Promise<void>;
}

export type OnMessage = (topic: string, payload: string) => void;

/**
 * The way to the broker. MQTT.js is the one that is used unless another is given.
 *
 * An error whose `code` is a number is that of CONNACK: the broker refuses these credentials.
 */
export interface Transport {
	connect(access: BrokerAccess, onMessage: OnMessage): Promise<Connection>;
}

/** Where things survive a reload; `localStorage` and `sessionStorage` are such. */
export interface Store {
	getItem(key: string): string | null;
	setItem(key: string, value: string): void;
	removeItem(key: string): void;
}

/** Tells that somebody came back: the tab is visible again, or the network is. */
export type OnWake = (wake: () => void) => () => void;

export const browserWake: OnWake = (wake) => {
	const {document} = globalThis as {document?: Document};
	const onVisible = () => {
		if (document?.visibilityState !== 'hidden') wake();
	};
	document?.addEventListener('visibilitychange', onVisible);
	globalThis.addEventListener?.('online', wake);
	return () => {
		document?.removeEventListener('visibilitychange', onVisible);
		globalThis.removeEventListener?.('online', wake);
	};
};
