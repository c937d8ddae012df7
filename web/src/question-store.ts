import type {Circle} from '@earshot/client';
import {distance_m} from '@earshot/client/geo';

import type {Listing, Question} from './wire';

export interface ListedQuestion extends Question {
	readonly distance_m: number;
	/** True when it was pushed while the page was open. */
	readonly isPushed: boolean;
}

/** The questions of one area, newest first. */
export interface QuestionList {
	readonly area: Circle;
	/** False until a list of this area has arrived. */
	readonly isListed: boolean;
	readonly questions: readonly ListedQuestion[];
	/** Where older ones continue. */
	readonly next: string | undefined;
}

/** A question on its way into the list, or one of another list. */
type Incoming = Question & Partial<ListedQuestion>;

export type Change =
	| {
			readonly type: 'listed';
			readonly listing: {readonly questions: readonly Incoming[]; readonly next: string | undefined};
	  }
	| {readonly type: 'older-listed'; readonly listing: Listing}
	| {readonly type: 'pushed'; readonly question: Question}
	| {readonly type: 'moved'; readonly area: Circle};

const questionsMax = 1_000; // The oldest go first; `next` still leads to them.

export function emptyList(area: Circle): QuestionList {
	return {area, isListed: false, questions: [], next: undefined};
}

/**
 * Merges one change into the list: by id, and never an older version over a newer one.
 *
 * Shape:  the same questions, when none of them changes.
 */
export function changed(list: QuestionList, change: Change): QuestionList {
	switch (change.type) {
		case 'listed': {
			const {questions, next} = change.listing;
			const ids = new Set(list.isListed ? list.questions.map(({id}) => id) : []);
			// A list that reaches no known question leaves a hole below it; `next` leads into the hole.
			const isJoined = questions.some(({id}) => ids.has(id));
			return {...merged(list, questions), isListed: true, next: isJoined ? list.next : next};
		}
		case 'older-listed':
			return {...merged(list, change.listing.questions), next: change.listing.next};
		case 'pushed':
			return merged(list, [{...change.question, isPushed: true}]);
		case 'moved':
			return merged(
				emptyList(change.area),
				list.questions.map((question) => ({...question, isPushed: false})),
			);
	}
}

function merged(list: QuestionList, incoming: readonly Incoming[]): QuestionList {
	const byId = new Map(list.questions.map((question) => [question.id, question]));
	let isChanged = false;
	for (const question of incoming) {
		const away_m = distance_m(list.area, question);
		const known = byId.get(question.id);
		const {isPushed = false} = question;
		const newest = newestOf(known, {...question, distance_m: away_m, isPushed});
		if (newest === known || away_m > list.area.radius_m) continue;
		byId.set(question.id, newest);
		isChanged = true;
	}
	if (!isChanged) return list;
	const questions = [...byId.values()].sort(newestFirst).slice(0, questionsMax);
	return {...list, questions};
}

/**
 * A push does not know who reads it, so `mine` outlives it; everything else is the newer
 * version's.
 */
function newestOf(known: ListedQuestion | undefined, other: ListedQuestion): ListedQuestion {
	if (!known) return other;
	if (other.version > known.version) {
		return {...other, mine: other.mine ?? known.mine, isPushed: known.isPushed};
	}
	if (other.version === known.version && known.mine === undefined && other.mine !== undefined) {
		return {...known, mine: other.mine};
	}
	return known;
}

function newestFirst(a: ListedQuestion, b: ListedQuestion): number {
	const later_ms = Date.parse(b.created_at) - Date.parse(a.created_at);
	if (later_ms !== 0 && !Number.isNaN(later_ms)) return later_ms;
	return a.id < b.id ? 1 : -1; // Ids are ordered by time.
}
