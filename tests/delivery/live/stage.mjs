import {Crowd} from './crowd.mjs';
import {Truth} from './truth.mjs';

/** Has `count` questions asked, and returns what is so when all of it has happened. */
export async function truthAfter(count, {server, token, random}) {
	const crowd = new Crowd(server, token, random, {rate: 300, spread: 0.02});
	await crowd.more(count);
	await crowd.end();
	return Truth.of(server);
}

/**
 * One crowd for several who watch it at the same time, each in another way. When all of them have
 * seen enough it falls silent, and all are compared with the same database.
 */
export class Stage {
	#waiting = 0;
	#players = 0;
	#silence = Promise.withResolvers();

	constructor(server, token, random, crowd) {
		this.server = server;
		this.crowd = new Crowd(server, token, random, crowd);
		this.#silence.promise.catch(() => {}); // Whoever waits for it hears of that.
	}

	/** Plays its part, which is to end with `quiet`; all parts must be given before the first has. */
	async play(part) {
		this.#players++;
		let isWaiting = false;
		const quiet = () => {
			isWaiting = true;
			this.#waiting++;
			this.#fallSilent();
			return this.#silence.promise;
		};
		try {
			return await part(this.crowd, quiet);
		} finally {
			if (!isWaiting) {
				this.#players--;
				this.#fallSilent();
			}
		}
	}

	#fallSilent() {
		if (this.#waiting < this.#players) return;
		this.#silence.resolve(this.crowd.end().then(() => Truth.of(this.server)));
	}
}
