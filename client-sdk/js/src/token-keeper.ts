/** Another token of the same caller, in place of one that ends. */
export type Renewal = (ending: string) => Promise<string>;

const noticeTopics = 'earshot/v1/token/';
const controlTopic = '$CONTROL/earshot/v1';

/**
 * Keeps one connection's token valid: when the broker says that it ends soon, it hands in a new one
 * over the same connection.
 *
 * The notice comes with 30 s to spare, by the broker's clock; so neither a wrong clock here nor a
 * tab whose timers sleep matters. A broker that knows nothing of this cuts the connection, and the
 * next one is made with fresh credentials.
 */
export class TokenKeeper {
	#isRenewing = false;
	#token: string;
	readonly #renew: Renewal;
	readonly #publish: (topic: string, payload: string) => void;

	constructor(token: string, renew: Renewal, publish: (topic: string, payload: string) => void) {
		this.#token = token;
		this.#renew = renew;
		this.#publish = publish;
	}

	/** True when the message was for the keeper, and for nobody else. */
	takes(topic: string, payload: string): boolean {
		if (!topic.startsWith(noticeTopics)) return false;
		if (/"state"\s*:\s*"expiring"/.test(payload)) void this.#handIn();
		return true;
	}

	async #handIn(): Promise<void> {
		if (this.#isRenewing) return;
		this.#isRenewing = true;
		try {
			this.#token = await this.#renew(this.#token);
			this.#publish(controlTopic, this.#token);
		} catch {
			// The broker closes the connection soon, which is dealt with anyway.
		} finally {
			this.#isRenewing = false;
		}
	}
}
