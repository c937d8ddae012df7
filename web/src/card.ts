import type {Circle} from '@earshot/client';
import {distance_m} from '@earshot/client/geo';

import type {Ask} from './ask-outbox';
import type {Problem} from './problem';
import type {ListedQuestion, QuestionList} from './question-store';
import type {Kind} from './wire';

/** One row of the page: a question of the list, or one on its way into it. */
export interface Card {
	/**
	 * Stays the same when a question on its way is confirmed, so that its row is changed, not
	 * replaced.
	 */
	readonly key: string;
	readonly id: string | undefined;
	readonly state: 'listed' | 'pushed' | 'sending' | 'accepted' | 'confirmed' | 'failed';
	readonly text: string;
	readonly kind: Kind;
	readonly at: string;
	readonly distance_m: number;
	readonly author: string;
	readonly answers: number;
	readonly stars_mean: number | undefined;
	readonly problem: Problem | undefined;
}

/**
 * Every row, in the order shown: what is on its way first, then the list.
 *
 * `keys` gives the row key of each question that was asked here, by its id.
 */
export function cardsOf(
	list: QuestionList,
	asks: readonly Ask[],
	keys: ReadonlyMap<string, string>,
): readonly Card[] {
	const pendingIds = new Set(asks.map(({jobId}) => jobId));
	const listed = list.questions.filter(({id}) => !pendingIds.has(id));
	return [
		...asks.map((ask) => cardOfAsk(ask, list.area)),
		...listed.map((question) => cardOfQuestion(question, keys.get(question.id))),
	];
}

function cardOfAsk({key, jobId, state, draft, asked_at, problem}: Ask, area: Circle): Card {
	return {
		key,
		id: jobId,
		state,
		text: draft.text,
		kind: draft.kind,
		at: asked_at,
		distance_m: distance_m(area, draft),
		author: 'You',
		answers: 0,
		stars_mean: undefined,
		problem,
	};
}

function cardOfQuestion(question: ListedQuestion, key: string | undefined): Card {
	return {
		key: key ?? question.id,
		id: question.id,
		state: key !== undefined ? 'confirmed' : question.isPushed ? 'pushed' : 'listed',
		text: question.text,
		kind: question.kind,
		at: question.created_at,
		distance_m: question.distance_m,
		author: question.mine ? 'You' : question.author_name || 'Somebody',
		answers: question.answers,
		stars_mean: question.stars_mean,
		problem: undefined,
	};
}
