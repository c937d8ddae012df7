import type {Circle, Earshot, Feed, FeedStatus, Store} from '@earshot/client';
import {computed, signal} from '@preact/signals';

import {AskOutbox, type Ask} from './ask-outbox';
import {cardsOf} from './card';
import {areaFromQuery, queryOfArea} from './place';
import {problemOf, type Problem} from './problem';
import {fetchListing, questionFeed} from './question-feed';
import {changed, emptyList, type Change} from './question-store';
import type {ListedQuestion, QuestionList} from './question-store';
import {loadDrafts, saveDrafts} from './saved-drafts';
import type {Kind, Question} from './wire';

const tick_ms = 15_000;
const announceEvery_ms = 5_000;

/** Everything the page shows, as signals, and everything that can be done on it, as verbs. */
export class Page {
	readonly area = signal<Circle>(areaFromQuery(location.search));
	/** What the feed has, older questions that were fetched, and what was confirmed by its job. */
	readonly list = signal(emptyList(this.area.value));
	readonly asks = signal<readonly Ask[]>([]);
	readonly text = signal('');
	readonly kind = signal<Kind>('stars');
	readonly now_ms = signal(Date.now());
	/** What a screen reader is told of new questions, at most every five seconds. */
	readonly announcement = signal('');
	readonly isLoadingOlder = signal(false);

	readonly #feedStatus = signal<FeedStatus>('connecting');
	readonly #feedProblem = signal<Problem | undefined>(undefined);
	readonly #ownProblem = signal<Problem | undefined>(undefined); // Of what was tried by hand.
	readonly #isOnline = signal(navigator.onLine);
	readonly #keys = signal<ReadonlyMap<string, string>>(new Map());
	#unannounced = 0;

	readonly status = computed<FeedStatus>(() =>
		this.#isOnline.value ? this.#feedStatus.value : 'offline',
	);
	readonly problem = computed(() => this.#feedProblem.value ?? this.#ownProblem.value);
	readonly cards = computed(() => cardsOf(this.list.value, this.asks.value, this.#keys.value));

	readonly #outbox: AskOutbox;
	#feed: Feed<QuestionList> | undefined;

	/** `store` is where drafts survive a reload, if there is such a place. */
	constructor(
		private readonly earshot: Earshot,
		private readonly store: Store | undefined,
	) {
		this.#outbox = new AskOutbox(earshot, {
			onAsks: (asks) => (this.asks.value = asks),
			onConfirmed: (key, question) => this.#confirm(key, question),
		});
	}

	/** Begins to listen; the page lives as long as its tab. */
	start(): void {
		const saved = loadDrafts(this.store);
		this.text.value = saved.text;
		this.#outbox.restore(saved.asks);
		this.text.subscribe(() => this.#save());
		this.asks.subscribe(() => this.#save());
		setInterval(() => (this.now_ms.value = Date.now()), tick_ms);
		setInterval(() => this.#announce(), announceEvery_ms);
		document.addEventListener('visibilitychange', () => (this.now_ms.value = Date.now()));
		addEventListener('offline', () => (this.#isOnline.value = false));
		addEventListener('online', () => (this.#isOnline.value = true));
		this.#feed = this.earshot.near(this.area.value, questionFeed);
		this.#feed.listen({
			state: (list) => this.#show(list),
			status: (status) => (this.#feedStatus.value = status),
			reset: (reason) => {
				// Another history: what was known of the old one is void.
				if (reason === 'epoch') this.list.value = emptyList(this.area.value);
			},
			problem: (problem) => (this.#feedProblem.value = problem && problemOf(problem)),
		});
	}

	move(area: Circle): void {
		this.area.value = area;
		history.replaceState(null, '', queryOfArea(area));
		this.#change({type: 'moved', area});
		this.#feed?.move(area);
	}

	/** Hands in what the form holds and empties it; the text lives on in its card. */
	ask(): void {
		const {lat, lon} = this.area.value;
		const draft = {text: this.text.value.trim(), kind: this.kind.value, lat, lon};
		this.now_ms.value = Date.now();
		this.#try(() => {
			this.#outbox.submit(draft);
			this.text.value = '';
		});
	}

	retryAsk(key: string): void {
		this.#try(() => this.#outbox.retry(key));
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
		this.#feedProblem.value = undefined;
		this.#ownProblem.value = undefined;
		this.earshot.wake();
	}

	async loadOlder(): Promise<void> {
		const {area, next} = this.list.value;
		if (next === undefined || this.isLoadingOlder.value) return;
		this.isLoadingOlder.value = true;
		try {
			const listing = await fetchListing(area, (path) => this.earshot.get(path), next);
			if (area === this.area.value) this.#change({type: 'older-listed', listing});
			this.#ownProblem.value = undefined;
		} catch (error) {
			this.#ownProblem.value = problemOf(error);
		} finally {
			this.isLoadingOlder.value = false;
		}
	}

	#show(list: QuestionList): void {
		// A feed goes on with the circle that was left until it has the new one.
		if (list.area !== this.area.value) return;
		const known = new Set(this.list.value.questions.map(({id}) => id));
		this.#change({type: 'listed', listing: list});
		this.#outbox.saw(list.questions);
		const isNews = ({id, isPushed}: ListedQuestion) =>
			isPushed && !known.has(id) && !this.#keys.value.has(id);
		this.#unannounced += list.questions.filter(isNews).length;
	}

	#confirm(key: string, question: Question): void {
		this.#keys.value = new Map(this.#keys.value).set(question.id, key);
		this.#change({type: 'pushed', question});
	}

	#change(change: Change): void {
		this.list.value = changed(this.list.value, change);
	}

	#try(action: () => void): void {
		try {
			action();
			this.#ownProblem.value = undefined;
		} catch (error) {
			this.#ownProblem.value = problemOf(error);
		}
	}

	#announce(): void {
		const count = this.#unannounced;
		this.#unannounced = 0;
		this.announcement.value =
			count === 0 ? '' : count === 1 ? 'One new question nearby' : `${count} new questions nearby`;
	}

	#save(): void {
		saveDrafts(this.store, {text: this.text.value, asks: this.asks.value});
	}
}
