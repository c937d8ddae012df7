import {computed, signal} from '@preact/signals';

import {ApiError} from './api';
import {AskOutbox} from './ask-outbox';
import type {Ask} from './ask-outbox';
import {cardsOf} from './card';
import {LiveFeed, type FeedState} from './live-feed';
import {MqttTransport} from './mqtt-transport';
import {areaFromQuery, queryOfArea, type Area} from './place';
import {changed, emptyList, type Change} from './question-store';
import {loadDrafts, saveDrafts} from './saved-drafts';
import {Server} from './server';
import type {Kind, Question} from './wire';

const tick_ms = 15_000;
const announceEvery_ms = 5_000;

/** Everything the page shows, as signals, and everything that can be done on it, as verbs. */
export class Page {
	readonly area = signal<Area>(areaFromQuery(location.search));
	readonly list = signal(emptyList(this.area.value));
	readonly asks = signal<readonly Ask[]>([]);
	readonly text = signal('');
	readonly kind = signal<Kind>('stars');
	readonly problem = signal<Error | undefined>(undefined);
	readonly statusReason = signal('');
	readonly now_ms = signal(Date.now());
	/** What a screen reader is told of new questions, at most every five seconds. */
	readonly announcement = signal('');
	readonly isLoadingOlder = signal(false);

	readonly #feedState = signal<FeedState>('connecting');
	readonly #isOnline = signal(navigator.onLine);
	readonly #keys = signal<ReadonlyMap<string, string>>(new Map());
	#unannounced = 0;

	readonly status = computed<FeedState>(() =>
		this.#isOnline.value ? this.#feedState.value : 'offline',
	);
	readonly cards = computed(() => cardsOf(this.list.value, this.asks.value, this.#keys.value));

	readonly #server = new Server(tabStorage());
	readonly #outbox = new AskOutbox(this.#server, {
		onAsks: (asks) => this.#showAsks(asks),
		onConfirmed: (key, question) => this.#confirm(key, question),
	});
	readonly #feed = new LiveFeed(this.area.value, this.#sources(), {
		onState: (state, reason) => {
			this.#feedState.value = state;
			this.statusReason.value = reason;
		},
		onSnapshot: (snapshot) => {
			this.#change({type: 'listed', snapshot});
			for (const question of snapshot.questions) this.#outbox.saw(question);
		},
		onQuestion: (question) => this.#push(question),
		onProblem: (problem) => (this.problem.value = problem),
	});

	/** Begins to listen; the page lives as long as its tab. */
	start(): void {
		const saved = loadDrafts(tabStorage());
		this.text.value = saved.text;
		this.#outbox.restore(saved.asks);
		this.text.subscribe(() => this.#save());
		this.asks.subscribe(() => this.#save());
		setInterval(() => (this.now_ms.value = Date.now()), tick_ms);
		setInterval(() => this.#announce(), announceEvery_ms);
		document.addEventListener('visibilitychange', () => {
			if (document.visibilityState !== 'visible') return;
			this.now_ms.value = Date.now();
			this.#feed.resync();
		});
		addEventListener('offline', () => (this.#isOnline.value = false));
		addEventListener('online', () => {
			this.#isOnline.value = true;
			this.#feed.resync();
		});
		void this.#feed.run();
	}

	move(area: Area): void {
		this.area.value = area;
		history.replaceState(null, '', queryOfArea(area));
		this.#change({type: 'moved', area});
		this.#feed.move(area);
	}

	/** Hands in what the form holds and empties it; the text lives on in its card. */
	ask(): void {
		const {lat, lon} = this.area.value;
		const draft = {text: this.text.value.trim(), kind: this.kind.value, lat, lon};
		this.text.value = '';
		this.now_ms.value = Date.now();
		void this.#outbox.submit(draft);
	}

	retryAsk(key: string): void {
		void this.#outbox.retry(key);
	}

	/** Puts a failed question back into the form, unless that would overwrite another one. */
	editAsk(key: string): void {
		if (this.text.value.trim() !== '') return;
		const draft = this.#outbox.take(key);
		if (!draft) return;
		this.text.value = draft.text;
		this.kind.value = draft.kind;
	}

	discardAsk(key: string): void {
		this.#outbox.take(key);
	}

	retry(): void {
		this.problem.value = undefined;
		this.#feed.resync();
	}

	async loadOlder(): Promise<void> {
		const {area, next} = this.list.value;
		if (next === undefined || this.isLoadingOlder.value) return;
		this.isLoadingOlder.value = true;
		try {
			const snapshot = await this.#server.questions(area, undefined, next);
			if (area === this.area.value) this.#change({type: 'older-listed', snapshot});
		} catch (error) {
			if (error instanceof ApiError) this.problem.value = error;
		} finally {
			this.isLoadingOlder.value = false;
		}
	}

	#sources() {
		const server = this.#server;
		return {
			cover: server.cover.bind(server),
			broker: server.broker.bind(server),
			questions: server.questions.bind(server),
			transport: new MqttTransport(server.renewToken.bind(server)),
		};
	}

	#push(question: Question): void {
		const before = this.list.value.questions.length;
		this.#change({type: 'pushed', question});
		this.#outbox.saw(question);
		const isOurs = this.#keys.value.has(question.id);
		if (this.list.value.questions.length > before && !isOurs) this.#unannounced++;
	}

	/** A push may overtake the 202 that tells which question is ours. */
	#showAsks(asks: readonly Ask[]): void {
		this.asks.value = asks;
		const ids = new Set(asks.map(({jobId}) => jobId));
		const overtaken = this.list.value.questions.filter(({id}) => ids.has(id));
		for (const question of overtaken) queueMicrotask(() => this.#outbox.saw(question));
	}

	#confirm(key: string, question: Question): void {
		this.#keys.value = new Map(this.#keys.value).set(question.id, key);
		this.#change({type: 'pushed', question});
	}

	#change(change: Change): void {
		this.list.value = changed(this.list.value, change);
	}

	#announce(): void {
		const count = this.#unannounced;
		this.#unannounced = 0;
		this.announcement.value =
			count === 0 ? '' : count === 1 ? 'One new question nearby' : `${count} new questions nearby`;
	}

	#save(): void {
		saveDrafts(tabStorage(), {text: this.text.value, asks: this.asks.value});
	}
}

/** Session storage, where the browser allows it. */
function tabStorage(): Storage | undefined {
	try {
		return sessionStorage;
	} catch {
		return undefined;
	}
}
