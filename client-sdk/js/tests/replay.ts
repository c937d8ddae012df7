import {readdirSync, readFileSync} from 'node:fs';
import {expect} from 'vitest';

import {parsePosition, positionText, type Failure, type FeedCore, type Head} from '../src/feed/index.ts';
import type {EarshotEvent, FeedEffect, FeedInput} from '../src/feed/index.ts';
import type {Circle} from '../src/geo/index.ts';
import type {Machines} from './simulator/schedule.ts';

type WrittenEvent = Pick<EarshotEvent, 'epoch' | 'offset' | 'prev' | 'cell'>;

interface Step {
	readonly at_ms: number;
	readonly start?: Circle;
	readonly move?: Circle;
	readonly suback?: true;
	readonly down?: true;
	readonly connecting?: true;
	readonly status?: 'online' | 'offline';
	readonly event?: WrittenEvent;
	readonly head?: Head & {readonly area: string};
	readonly snapshot?: string;
	readonly page?: {readonly events: readonly WrittenEvent[]; position: string; more: boolean};
	readonly failed?: Failure;
	readonly then?: Expectation;
}

interface Expectation {
	readonly applied?: readonly number[];
	readonly replaced?: boolean;
	readonly reset?: string;
	readonly request?: 'snapshot' | 'events' | null;
	readonly asksHeads?: boolean;
	readonly after?: string;
	readonly wait?: boolean;
	readonly status?: string;
}

const folder = new URL('../../../tests/delivery/', import.meta.url);

/** The written histories, by their files' names. */
export const histories = readdirSync(folder).filter((name) => name.endsWith('.json'));

/** Fails where the machine does something else than what is written. */
export function replay(file: string, machines: Pick<Machines, 'FeedCore'>): void {
	const text = readFileSync(new URL(file, folder), 'utf8');
	const {steps} = JSON.parse(text) as {steps: readonly Step[]};
	const app = new Replay(new machines.FeedCore({}, () => 0.5));
	for (const step of steps) app.take(step);
}

/** An app that notes what it is told. */
class Replay {
	readonly #core: FeedCore;
	#cells: readonly string[] = [];
	#request: Extract<FeedEffect, {type: 'fetch-snapshot' | 'fetch-events'}> | undefined;
	#applied: number[] = [];
	#isReplaced = false;
	#asksHeads = false;
	#reset: string | undefined;

	constructor(core: FeedCore) {
		this.#core = core;
	}

	take(step: Step): void {
		while (this.#core.wakeAt_ms <= step.at_ms) this.#step({type: 'tick'}, this.#core.wakeAt_ms);
		const input = this.#inputOf(step);
		if (input) this.#step(input, step.at_ms);
		if (step.then) this.#check(step.then, `at ${step.at_ms} ms`);
	}

	#inputOf(step: Step): FeedInput | undefined {
		if (step.start) return {type: 'start', circle: step.start};
		if (step.move) return {type: 'move', circle: step.move};
		if (step.suback) return {type: 'granted', cells: this.#cells};
		if (step.status) return {type: step.status};
		if (step.connecting) return {type: 'connecting'};
		if (step.down) return {type: 'refused', cells: this.#cells};
		if (step.event) return {type: 'event', event: whole(step.event)};
		if (step.head) return {type: 'head', area: step.head.area, head: step.head};
		if (step.failed) return {type: 'failed', request: this.#answer(), failure: step.failed};
		if (step.snapshot !== undefined) {
			const request = this.#answer('fetch-snapshot');
			return {type: 'snapshot', request, position: parsePosition(step.snapshot)!};
		}
		if (!step.page) return undefined;
		const position = parsePosition(step.page.position)!;
		const page = {...step.page, events: step.page.events.map(whole), position};
		return {type: 'page', request: this.#answer('fetch-events'), page};
	}

	#answer(type = this.#request?.type): number {
		expect(this.#request?.type, 'what is answered was asked').toBe(type);
		const {request} = this.#request!;
		this.#request = undefined;
		return request;
	}

	#step(input: FeedInput, now_ms: number): void {
		for (const effect of this.#core.step(input, now_ms)) {
			if (effect.type === 'want') {
				this.#cells = effect.cells;
				this.#asksHeads ||= effect.again ?? false;
			}
			if (effect.type === 'fetch-snapshot' || effect.type === 'fetch-events') this.#request = effect;
			if (effect.type === 'abort') this.#request = undefined;
			if (effect.type === 'replace') this.#isReplaced = true;
			if (effect.type === 'reset') this.#reset = effect.reason;
			if (effect.type === 'apply') this.#applied.push(effect.event.offset);
		}
	}

	#check(then: Expectation, when: string): void {
		const request = this.#request;
		if (then.applied) expect(this.#applied, `applied ${when}`).toEqual(then.applied);
		expect(this.#isReplaced, `replaced ${when}`).toBe(then.replaced ?? false);
		expect(this.#reset, `reset ${when}`).toBe(then.reset);
		if (then.asksHeads !== undefined) expect(this.#asksHeads, `asks heads ${when}`).toBe(then.asksHeads);
		if (then.status) expect(this.#core.status, `status ${when}`).toBe(then.status);
		if (then.request !== undefined) {
			const type = then.request === null ? undefined : `fetch-${then.request}`;
			expect(request?.type, `request ${when}`).toBe(type);
		}
		if (request?.type === 'fetch-events') {
			const {after, wait_s} = request;
			if (then.after) expect(positionText(after), `after ${when}`).toBe(then.after);
			if (then.wait !== undefined) expect(wait_s > 0, `wait ${when}`).toBe(then.wait);
		}
		this.#applied = [];
		this.#isReplaced = false;
		this.#asksHeads = false;
		this.#reset = undefined;
	}
}

function whole(event: WrittenEvent): EarshotEvent {
	const id = `${event.epoch}:${event.offset}`;
	return {...event, id, source: '', type: 'thing.happened', time: '', subject: '', data: null};
}
