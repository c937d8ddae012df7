#!/usr/bin/env node
// Shows what is asked around a place, live, as a guest.
//
//   node examples/near.mjs [URL [LAT LON [RADIUS_M]]]     after `npm ci && npm run build`
import {Earshot, fieldsOf, guestToken} from '@earshot/client';

const [url = 'http://localhost:8080', lat = '37.7793', lon = '-122.4193', radius_m = '2000'] =
	process.argv.slice(2);
const circle = {lat: Number(lat), lon: Number(lon), radius_m: Number(radius_m)};

const earshot = new Earshot({url, token: guestToken(url)});
const feed = earshot.near(circle, {
	async snapshot(around, get) {
		const {questions, position} = await get(`/v1/questions?${new URLSearchParams(fieldsOf(around))}`);
		return {state: new Map(questions.map((question) => [question.id, question])), position};
	},
	reduce(questions, {type, data}) {
		// Older aggregates of the same question say nothing new.
		if (type !== 'question.asked' || questions.get(data.id)?.version >= data.version) return questions;
		return new Map(questions).set(data.id, data);
	},
});

let shown = new Set();
feed.listen({
	status: (status) => console.error(`[${status}]`),
	reset: (reason) => {
		console.error(`[reset: ${reason}]`);
		shown = new Set();
	},
	problem: (problem) => problem && console.error(`[${problem.message}]`),
	state: (questions) => {
		for (const {id, text, author_name} of questions.values()) {
			if (!shown.has(id)) console.log(`${author_name} asks: ${text}`);
			shown.add(id);
		}
	},
});

process.once('SIGINT', () => earshot.close());
process.once('SIGTERM', () => earshot.close());
