import {fieldsOf, type Circle, type FeedDefinition, type Get} from '@earshot/client';

import {changed, emptyList, type QuestionList} from './question-store';
import {parseListing, questionIn, type Listing} from './wire';

/** What a feed of questions is: the newest of a circle, and then each one that is asked there. */
export const questionFeed: FeedDefinition<QuestionList> = {
	async snapshot(circle, get) {
		const listing = await fetchListing(circle, get);
		return {
			state: changed(emptyList(circle), {type: 'listed', listing}),
			position: listing.position,
		};
	},

	reduce(list, {type, data}) {
		const question = type === 'question.asked' ? questionIn(data) : undefined;
		return question ? changed(list, {type: 'pushed', question}) : list;
	},
};

/** The newest questions of a circle, or those after `cursor`. */
export async function fetchListing(circle: Circle, get: Get, cursor?: string): Promise<Listing> {
	const query = new URLSearchParams(fieldsOf(circle));
	if (cursor !== undefined) query.set('cursor', cursor);
	return parseListing(await get(`/v1/questions?${query}`));
}
