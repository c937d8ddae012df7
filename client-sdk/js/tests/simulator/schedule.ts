import type {FeedCore, FeedOptions} from '../../src/feed/index.ts';
import {cellOf, cover, earthRadius_m, type Circle} from '../../src/geo/index.ts';
import type {LineCore} from '../../src/line/line-core.ts';
import {Random} from '../random/random.ts';
import {Api, isWithin} from './api.ts';
import {Broker} from './broker.ts';
import {Client} from './client.ts';
import {EventLog} from './event-log.ts';
import {noFaults, type Faults} from './faults.ts';
import {Relay} from './relay.ts';
import {Timeline} from './timeline.ts';

/** The machines under test; mutants are given in their place. */
export interface Machines {
	readonly FeedCore: new (options: Partial<FeedOptions>, random: () => number) => FeedCore;
	readonly LineCore: new (random: () => number) => LineCore;
}

export interface Profile {
	/** Whether heads are lost on the way, or refused, like events. */
	readonly losesHeads: boolean;
	/** What is as bad as this all the time, until quiet. */
	readonly faults?: Partial<Faults>;
	/** How long nothing happens before the state must be right. */
	readonly quiet_ms: number;
	readonly options?: Partial<FeedOptions>;
}

export interface Report {
	readonly seed: number;
	readonly faults: readonly string[];
	readonly applied: number;
	readonly resets: number;
	readonly requests: number;
	readonly events: number;
}

const home = {lat: 37.7793, lon: -122.4193};
const metresPerDegree = (Math.PI / 180) * earthRadius_m;

/** One random schedule: a while of trouble, then quiet; what is wrong after it, and on the way. */
export function runSchedule(machines: Machines, seed: number, profile: Profile): Report {
	const random = new Random(seed);
	const time = new Timeline();
	const faults = noFaults();
	const log = new EventLog(random);
	const broker = new Broker(time, random, faults);
	const relay = new Relay(time, random, log, broker);
	const api = new Api(time, random, log, faults);
	const places = somePlaces(random);
	for (let count = random.whole(0, 10); count > 0; count--) log.append(random.pick(places));
	const feed = new machines.FeedCore(profile.options ?? {}, random.next);
	const line = new machines.LineCore(random.next);
	worsen(faults, random, profile);
	const world = {time, random, broker, api, faults};
	const client = new Client(world, feed, line, someCircle(random, places));
	const trouble_ms = random.whole(1_000, 15_000);
	write(time, random, log, places, trouble_ms);
	makeTrouble({...world, relay, log, client, places}, trouble_ms, profile);
	time.runUntil(trouble_ms);
	Object.assign(faults, noFaults(), {isBrokerReachable: random.chance(0.9)});
	const patience_ms = time.now_ms + 60_000;
	while ((!relay.isIdle || client.isBackingOff) && time.now_ms < patience_ms) {
		time.runUntil(time.now_ms + 50);
	}
	time.runUntil(time.now_ms + profile.quiet_ms);
	return {
		seed,
		faults: [...client.violations, ...differences(client, log)],
		applied: client.applied,
		resets: client.resets.length,
		requests: client.requests,
		events: log.length,
	};
}

function worsen(faults: Faults, random: Random, profile: Profile): void {
	const perhaps = (worst: number) => (random.chance(0.5) ? random.between(0, worst) : 0);
	faults.loss = perhaps(0.4);
	faults.headLoss = profile.losesHeads ? faults.loss : 0;
	faults.repeat = perhaps(0.3);
	faults.refusal = perhaps(0.1);
	faults.headRefusal = profile.losesHeads ? faults.refusal : 0;
	faults.lag_ms = random.whole(20, 800);
	faults.apiFailure = perhaps(0.4);
	faults.apiLatencyMax_ms = random.chance(0.2) ? 2_000 : 200;
	faults.staleSnapshot = perhaps(0.3);
	Object.assign(faults, profile.faults);
}

/** Few places that are close together: near one another in one block, and in others. */
function somePlaces(random: Random): string[] {
	const places = new Set<string>();
	while (places.size < 12) {
		const spread_m = random.pick([100, 600, 3_000]);
		places.add(cellOf(shifted(random, spread_m)));
	}
	return [...places];
}

function someCircle(random: Random, places: readonly string[]): Circle {
	for (;;) {
		const circle = {...shifted(random, 1_500), radius_m: random.pick([300, 1_000, 3_000, 8_000])};
		if (places.some((place) => isWithin(circle, place))) return circle;
	}
}

function shifted(random: Random, spread_m: number): {lat: number; lon: number} {
	const north = random.between(-spread_m, spread_m) / metresPerDegree;
	const east = random.between(-spread_m, spread_m) / metresPerDegree;
	return {lat: home.lat + north, lon: home.lon + east};
}

function write(time: Timeline, random: Random, log: EventLog, places: string[], end_ms: number) {
	const pause_ms = random.pick([50, 200, 1_000]);
	const next = () => {
		if (time.now_ms >= end_ms) return;
		for (let count = random.whole(1, 3); count > 0; count--) log.append(random.pick(places));
		time.after(random.between(0, 2 * pause_ms), next);
	};
	next();
}

interface World {
	readonly time: Timeline;
	readonly random: Random;
	readonly faults: Faults;
	readonly broker: Broker;
	readonly relay: Relay;
	readonly log: EventLog;
	readonly client: Client;
	readonly places: readonly string[];
}

function makeTrouble(world: World, end_ms: number, profile: Profile): void {
	const {time, random, faults, broker, relay, log, client} = world;
	const away = (name: 'isBrokerReachable' | 'isApiReachable', ms: number) => {
		faults[name] = false;
		time.after(ms, () => (faults[name] = true));
	};
	const troubles: Array<() => void> = [
		() => broker.cutAll(),
		() => broker.cutAll(),
		() => {
			broker.restart();
			relay.restart(random.whole(10, 500));
		},
		() => relay.restart(random.whole(10, 1_000)),
		() => {
			away('isBrokerReachable', random.whole(100, 12_000));
			broker.cutAll();
		},
		() => away('isApiReachable', random.whole(100, 4_000)),
		() => client.wake(),
		() => client.move(someCircle(random, world.places)),
		() => client.move(someCircle(random, world.places)),
		() => log.expire(),
		() => {
			log.restore();
			relay.followRestore();
			// Where nothing happens any more only the idle audit tells that history was replaced.
			if (!profile.losesHeads) for (const place of world.places) log.append(place);
		},
	];
	const kinds = random.whole(1, troubles.length);
	const chosen = troubles.filter(() => random.chance(kinds / troubles.length));
	if (chosen.length === 0) return;
	const count = random.whole(0, 8);
	for (let index = 0; index < count; index++) {
		const trouble = random.pick(chosen);
		time.after(random.between(0, end_ms), trouble);
	}
}

function differences(client: Client, log: EventLog): string[] {
	const faults: string[] = [];
	const isJustBack = client.status === 'catching-up' && client.sinceGrant_ms < 4_000;
	if (client.status !== 'live' && client.status !== 'polling' && !isJustBack) {
		faults.push(`the status is ${client.status}`);
	}
	const truth = log.stateAt(Infinity, (cell) => isWithin(client.circle, cell));
	for (const [cell, chain] of truth) {
		const known = client.state?.get(cell);
		if (known?.hash === chain.hash && known.count === chain.count) continue;
		faults.push(`${cell} ends with ${chain.last}, for the client with ${known?.last ?? 'nothing'}`);
	}
	for (const cell of client.state?.keys() ?? []) {
		if (!truth.has(cell)) faults.push(`${cell} is known to the client alone`);
	}
	return faults;
}

/** Runs schedules until the time or their number is used up; the reports of those that failed. */
export function explore(
	machines: Machines,
	first: number,
	profile: Profile,
	limits: {readonly schedules: number; readonly budget_ms: number},
	failuresMax = 3,
): {failed: Report[]; ran: number; applied: number; resets: number; requests: number} {
	const failed: Report[] = [];
	const sum = {ran: 0, applied: 0, resets: 0, requests: 0};
	const end_ms = performance.now() + limits.budget_ms;
	while (sum.ran < limits.schedules && performance.now() < end_ms && failed.length < failuresMax) {
		const report = runSchedule(machines, (first + sum.ran) >>> 0, profile);
		sum.ran++;
		sum.applied += report.applied;
		sum.resets += report.resets;
		sum.requests += report.requests;
		if (report.faults.length > 0) failed.push(report);
	}
	return {failed, ...sum};
}

/** Heads tell of every loss at once, and the audit of what they cannot tell. */
export const everything: Profile = {losesHeads: false, quiet_ms: 10_000};

/** Only the idle audit is sure to notice. */
export const headless: Profile = {losesHeads: true, quiet_ms: 70_000};

/**
 * Neither heads nor audits, and a broker that loses nothing of a connection that stands: what is
 * left must be right by itself, and the nets under it catch nothing.
 */
export const bare: Profile = {
	losesHeads: false,
	quiet_ms: 10_000,
	faults: {loss: 0, headRefusal: 1, staleSnapshot: 0},
	options: {auditQuiet_ms: Infinity, auditBusy_ms: Infinity, auditIdle_ms: Infinity},
};

/** Whether the circle of the schedules has a cover at all: otherwise nothing here is tested. */
export const hasCover = cover({...home, radius_m: 8_000}) !== undefined;
