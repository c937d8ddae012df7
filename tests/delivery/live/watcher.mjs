import {Earshot, fieldsOf} from '../../../client-sdk/js/dist/index.js';
import {MqttTransport} from '../../../client-sdk/js/dist/mqtt-transport.js';

/** How many questions an answer of the server has at most. */
export const pageMost = 100;

/** One state of a feed: a snapshot, and what was applied to it since. */
class View {
	applied = []; // {offset, cell, subject} in the order in which they came.
	#last = new Map(); // By cell.

	constructor(circle, position, base) {
		const colon = position.lastIndexOf(':');
		this.circle = circle;
		this.epoch = position.slice(0, colon);
		this.offset = Number(position.slice(colon + 1));
		this.base = base; // Ids, newest first.
	}

	/** What is wrong with applying this event now; undefined if nothing is. */
	apply({epoch, offset, cell, subject}) {
		const last = this.#last.get(cell) ?? this.offset;
		this.applied.push({offset, cell, subject});
		this.#last.set(cell, offset);
		if (epoch !== this.epoch) return `an event of ${epoch} was applied to a state of ${this.epoch}`;
		if (offset <= last) return `${cell}: ${offset} was applied after ${last}`;
		return undefined;
	}
}

/** A client as an app has it, that writes down what its feed did, and what a feed must never do. */
export class Watcher {
	view; // The state; undefined until there is one.
	faults = [];
	resets = [];
	#wasReset = true; // The first state comes without.
	#earshot;

	/** `via` is a proxy; `token` as the SDK takes it; `options` are further ones of the SDK's. */
	constructor(name, {url, token, via, circle, options = {}}) {
		this.name = name;
		this.via = via;
		const transport = new MqttTransport();
		this.#earshot = new Earshot({
			url,
			token,
			transport: {
				connect: (access, onMessage) => transport.connect({...access, urls: [via.url]}, onMessage),
			},
			...options,
		});
		this.feed = this.#earshot.near(circle, {
			snapshot: (around, get) => this.#fetch(around, get),
			reduce: (view, event) => this.#apply(view, event),
		});
		this.feed.listen({
			state: (view) => this.#show(view),
			reset: (reason) => {
				this.resets.push(reason);
				this.#wasReset = true;
			},
		});
	}

	async #fetch(circle, get) {
		const query = new URLSearchParams({...fieldsOf(circle), limit: String(pageMost)});
		const {questions, position} = await get(`/v1/questions?${query}`);
		return {state: new View(circle, position, questions.map(({id}) => id)), position};
	}

	#apply(view, event) {
		const fault = view === this.view ? view.apply(event) : 'an event was applied to a state that was replaced';
		if (fault) this.faults.push(fault);
		return view;
	}

	#show(view) {
		if (view === this.view) return;
		if (!this.#wasReset) this.faults.push('the state was replaced without a reset');
		this.#wasReset = false;
		this.view = view;
	}

	close() {
		this.#earshot.close();
		this.via.close();
	}
}
