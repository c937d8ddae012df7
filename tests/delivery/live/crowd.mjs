import {Client} from '../../e2e/client.mjs';
import {command} from '../../e2e/command.mjs';
import {until} from '../../e2e/until.mjs';

const tick_ms = 100;
const kind = 'ask_around_me.ask_question';

/** Where it all happens: a circle far larger than the places in its middle, which are some 160 topics. */
export const middle = {lat: 37.7793, lon: -122.4193};
export const around = {...middle, radius_m: 4_000};

export function placesNear({lat, lon}, random, spread = 0.02) {
	return {lat: lat + (random.next() - 0.5) * spread, lon: lon + (random.next() - 0.5) * spread};
}

/** A token for arrays of jobs, good for `ttl`. */
export async function mint(server, {sub = 'crowd', ttl = '12h'} = {}) {
	const args = ['token', 'mint', '--sub', sub, '--role', 'operator', '--ttl', ttl];
	const {code, out, stderr} = await command(server, args);
	if (code !== 0) throw new Error(`no token: ${stderr}`);
	return out;
}

/** Many who ask at a steady rate, whatever becomes of it, until `end()`. */
export class Crowd {
	asked = 0; // As far as it was answered 202.
	refused = 0; // Or not answered at all.
	#sent = 0;
	#open = new Set();
	#timer;

	constructor(server, token, random, {rate, spread}) {
		const client = new Client(server.url, {token});
		const start_ms = performance.now();
		this.#timer = setInterval(() => {
			const due = Math.floor(((performance.now() - start_ms) * rate) / 1_000);
			// What a slow machine did not come to is left out, not made up for in one blow.
			const count = Math.min(due - this.#sent, rate);
			this.#sent = due;
			if (count > 0) this.#track(this.#ask(client, random, count, spread));
		}, tick_ms);
	}

	#track(asking) {
		this.#open.add(asking);
		void asking.finally(() => this.#open.delete(asking));
	}

	async #ask(client, random, count, spread) {
		const body = Array.from({length: count}, (_, n) => ({
			kind,
			args: {text: `Question ${this.#sent}/${n}`, kind: 'stars', ...placesNear(middle, random, spread)},
		}));
		const {status} = await client.request('/v1/jobs', {method: 'POST', body}).catch(() => ({status: 0}));
		if (status === 202) this.asked += count;
		else this.refused += count;
	}

	/** Waits until `count` more questions were accepted. */
	more(count, within_s = 60) {
		const goal = this.asked + count;
		return until(`${goal} were accepted`, () => this.asked >= goal, within_s);
	}

	async end() {
		clearInterval(this.#timer);
		await Promise.all(this.#open);
	}
}
