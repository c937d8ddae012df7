/** A new token for the same person, in place of one that is about to end. */
export type Renewal = (ending: string) => Promise<string>;

const noticeTopics = 'earshot/v1/token/';
const controlTopic = '$CONTROL/earshot/v1';

/**
 * Keeps one connection's token valid: when the broker says that it ends soon, it hands in a new one
 * over the same connection.
 *
 * The notice comes with 30 s to spare, by the broker's clock; so neither a wrong clock here nor a
 * tab whose timers sleep matters. If the renewal fails, the broker closes the connection, and the
 * next one asks for fresh credentials.
 */
export class TokenKeeper {
	#isRenewing = false;

	constructor(
		private token: string,
		private readonly renew: Renewal,
		private readonly publish: (topic: string, payload: string) => void,
	) {}

	/** True when the message was for the keeper, and for nobody else. */
	takes(topic: string, payload: string): boolean {
		if (!topic.startsWith(noticeTopics)) return false;
		if (stateOf(payload) === 'expiring') void this.#handIn();
		return true;
	}

	async #handIn(): Promise<void> {
		if (this.#isRenewing) return;
		this.#isRenewing = true;
		try {
			this.token = await this.renew(this.token);
			this.publish(controlTopic, this.token);
		} catch {
			// The broker closes the connection soon, which is dealt with anyway.
		} finally {
			this.#isRenewing = false;
		}
	}
}

function stateOf(payload: string): unknown {
	try {
		return (JSON.parse(payload) as {state?: unknown} | null)?.state;
	} catch {
		return undefined;
	}
}
