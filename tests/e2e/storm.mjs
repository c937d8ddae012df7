import {placesAround} from './client.mjs';
import {until} from './until.mjs';

/** Many askers at once, each with its next question as soon as the last one is answered. */
export class Storm {
	accepted = []; // Ids that were answered 202.
	answers = []; // {status, headers, body, took_ms}, or {error, took_ms} where none came.
	#isEnding = false;
	#askers;

	constructor(client, askers = 16) {
		const places = placesAround(32);
		this.#askers = Array.from({length: askers}, async (_, asker) => {
			for (let n = 0; !this.#isEnding; n++) {
				await this.#ask(client, `storm ${asker}/${n}`, places[(asker * 7 + n) % places.length]);
			}
		});
	}

	async #ask(client, text, place) {
		const start_ms = Date.now();
		try {
			const answer = await client.ask(text, place);
			this.answers.push({...answer, took_ms: Date.now() - start_ms});
			if (answer.status === 202) this.accepted.push(answer.body.id);
		} catch (error) {
			this.answers.push({error, took_ms: Date.now() - start_ms});
			// Nobody listens for a while; asking at once again would only burn the processor.
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** Waits until `count` more questions were accepted. */
	more(count, within_s = 30) {
		const goal = this.accepted.length + count;
		return until(`${goal} were accepted`, () => this.accepted.length >= goal, within_s);
	}

	/** Every asker ends after the answer it waits for. */
	async end() {
		this.#isEnding = true;
		await Promise.all(this.#askers);
	}
}
