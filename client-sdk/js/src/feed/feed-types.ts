import type {Circle} from '../geo/point.ts';
import type {EarshotEvent, Head, Position} from './event.ts';

/**
 * How fresh the state is. `polling`: events are fetched, because topics cannot serve this circle or
 * no broker can be reached; `offline`: neither works at present, and both are being tried.
 */
export type FeedStatus = 'connecting' | 'catching-up' | 'live' | 'polling' | 'offline';

/**
 * Why the state was replaced by a new snapshot.
 *
 * - `moved`: the circle is another one.
 * - `epoch`: the server's history was replaced (restore, failover).
 * - `expired`: the position is older than what the server keeps.
 * - `behind`: so much was missed that a snapshot is cheaper.
 * - `incomplete`: the log does not have what `prev` names.
 * - `no-log`: the server has no log to catch up from, so it is a snapshot every time.
 */
export type ResetReason = 'moved' | 'epoch' | 'expired' | 'behind' | 'incomplete' | 'no-log';

/** Why a request failed, as far as the machine must know. */
export type Failure =
	| {readonly kind: 'expired'} // 410: no such position (any more)
	| {readonly kind: 'no-log'} // The server has no such route.
	| {readonly kind: 'passing'; readonly retryAfter_ms?: number | undefined};

export type FeedInput =
	| {readonly type: 'start'; readonly circle: Circle}
	| {readonly type: 'move'; readonly circle: Circle}
	/** The broker sends what happens in these cells from now on. */
	| {readonly type: 'granted'; readonly cells: readonly string[]}
	/** A connection is being made: `granted` or `refused` follows. */
	| {readonly type: 'connecting'}
	/** It does not, or no more: all that were granted, when the connection ends; none, if it never came about. */
	| {readonly type: 'refused'; readonly cells: readonly string[]}
	| {readonly type: 'event'; readonly event: EarshotEvent}
	| {readonly type: 'head'; readonly area: string; readonly head: Head}
	/** The bridge's status, after all heads that the broker retains: `online`, and they are complete. */
	| {readonly type: 'online' | 'offline'}
	| {readonly type: 'snapshot'; readonly request: number; readonly position: Position}
	| {readonly type: 'page'; readonly request: number; readonly page: EventPage}
	| {readonly type: 'failed'; readonly request: number; readonly failure: Failure}
	/** Somebody came back: the tab is visible again, or the network is. */
	| {readonly type: 'wake'}
	| {readonly type: 'tick'}
	| {readonly type: 'stop'};

export interface EventPage {
	/** In offset order. */
	readonly events: readonly EarshotEvent[];
	/** Scanned to. */
	readonly position: Position;
	readonly more: boolean;
}

export type FeedEffect =
	/** What the broker should send: all of these cells, and no others. `again`: their heads, too. */
	| {readonly type: 'want'; readonly cells: readonly string[]; readonly again?: boolean}
	| {readonly type: 'fetch-snapshot'; readonly request: number; readonly circle: Circle}
	| {
			readonly type: 'fetch-events';
			readonly request: number;
			/** Empty where the circle has no cover. */
			readonly cells: readonly string[];
			readonly circle: Circle;
			readonly after: Position;
			/** How long the server may hold the request until there is something. */
			readonly wait_s: number;
	  }
	| {readonly type: 'abort'; readonly request: number}
	/** The state is now that of the snapshot of this request. */
	| {readonly type: 'replace'; readonly request: number; readonly circle: Circle}
	/** Comes right before the `replace` that it is about. */
	| {readonly type: 'reset'; readonly reason: ResetReason}
	| {readonly type: 'apply'; readonly event: EarshotEvent}
	| {readonly type: 'status'; readonly status: FeedStatus};

export interface FeedOptions {
	/** A broker slower than this does not keep the first snapshot waiting. */
	readonly patience_ms: number;
	/** A gap is often everybody's gap: who fills it is spread over this time. */
	readonly gapSpread_ms: number;
	/** Without the broker for so long (up to seven fifths), events are polled. */
	readonly pollAfter_ms: number;
	/** How long after the last event the log is asked whether that was all (three to five quarters). */
	readonly auditQuiet_ms: number;
	/** The same, when events never cease. */
	readonly auditBusy_ms: number;
	/** And when nothing happens at all (one to three halves). */
	readonly auditIdle_ms: number;
}

export const pollWait_s = 25;
/** Polls begin at least so far apart. */
export const pollMin_ms = 1_000;
/** Between snapshots, where the server has no log to poll. */
export const snapshotPeriod_ms = 15_000;
/** Pages of the log to catch up; beyond, a snapshot is cheaper. */
export const pagesMax = 20;
/** Covers change at most so often, however fast the circle moves. */
export const moveSpread_ms = 250;

export const feedDefaults: FeedOptions = {
	patience_ms: 800,
	gapSpread_ms: 1_000,
	pollAfter_ms: 6_000,
	auditQuiet_ms: 6_000,
	auditBusy_ms: 60_000,
	auditIdle_ms: 45_000,
};
