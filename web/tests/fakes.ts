import {Earshot, type Circle} from '@earshot/client';
import {cellOf, geoFilter} from '@earshot/client/geo';

import {FakeServer, FakeStore, FakeTransport} from '../../client-sdk/js/tests/fakes';
import type {Question} from '../src/wire';

export {FakeStore};

export const here: Circle = {lat: 37.7793, lon: -122.4193, radius_m: 8_000};

export function question(id: string, overrides: Partial<Question> = {}): Question {
	return {
		id,
		text: `text of ${id}`,
		kind: 'stars',
		state: 'open',
		lat: here.lat,
		lon: here.lon,
		author_name: 'Quiet Heron',
		mine: undefined,
		answers: 0,
		stars_mean: undefined,
		created_at: '2026-11-23T10:00:00Z',
		version: 1,
		...overrides,
	};
}

/** A server with questions, a broker, and a page's own connection to both. */
export class World {
	readonly server = new FakeServer();
	readonly transport = new FakeTransport();
	questions: readonly Question[] = [];
	next: string | null = null;
	epoch = 'e1';
	offset = 10;
	wake: () => void = () => undefined;

	constructor(readonly store = new FakeStore()) {
		this.server.on('GET /v1/questions', () => ({
			body: {questions: this.questions, position: `${this.epoch}:${this.offset}`, next: this.next},
		}));
		this.server.on('GET /v1/events', ({query}) => ({
			body: {events: [], position: query.get('after'), more: false},
		}));
	}

	/** The SDK as the page has it, in one life of the page. */
	earshot(): Earshot {
		return new Earshot({
			url: 'http://server',
			token: 'token-1',
			store: this.store,
			transport: this.transport,
			fetch: this.server.fetch,
			random: () => 0.5,
			onWake: (wake) => {
				this.wake = wake;
				return () => undefined;
			},
		});
	}

	/** Sends what happens to whoever listens. */
	push(data: unknown, type = 'question.asked'): void {
		const {lat, lon} = {...here, ...(data as Partial<Question>)};
		const cell = cellOf({lat, lon});
		const envelope = {type, epoch: this.epoch, offset: ++this.offset, prev: 0, cell, data};
		this.transport.current.push(geoFilter(cell), envelope);
	}

	/** Every path that was asked for, with its query. */
	asked(path: string): string[] {
		const those = this.server.seen.filter((seen) => seen.path === path);
		return those.map(({query}) => query.toString());
	}
}
