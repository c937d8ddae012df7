import {cover} from '../geo/cover.ts';
import type {Circle} from '../geo/point.ts';
import type {Area, Target} from './area.ts';
import {isInside, type EarshotEvent, type Head, type Position} from './event.ts';
import {Desk, type Request} from './desk.ts';
import {DueCells} from './due-cells.ts';
import {EpochWatch} from './epoch-watch.ts';
import {feedDefaults, moveSpread_ms, pagesMax, pollMin_ms, pollWait_s, snapshotPeriod_ms} from './feed-types.ts';
import type {EventPage, Failure, FeedEffect} from './feed-types.ts';
import type {FeedInput, FeedOptions, FeedStatus, ResetReason} from './feed-types.ts';
import {Holding} from './holding.ts';
import {cellAround, everywhere, Ledger} from './ledger.ts';
import {Service} from './service.ts';
import {Watch} from './watch.ts';

/**
 * A feed as a pure state machine: inputs and the time in, effects out. It has no timers and does no
 * IO, so that simulators and written histories can drive it.
 *
 * Whoever drives it gives every input with the time, carries the effects out in order, and comes
 * back with a tick at `wakeAt_ms`.
 */
export class FeedCore {
	readonly #options: FeedOptions;
	readonly #random: () => number;
	#now_ms = 0;
	#effects: FeedEffect[] = [];
	#target: Target | undefined;
	#area: Area | undefined;
	#pendingMove: Circle | undefined;
	#movedAt_ms = -Infinity;
	#pages = 0;
	#pollAt_ms = 0;
	#hasLog = true;
	#status: FeedStatus = 'connecting';
	#isStopped = false;
	readonly #service: Service;
	readonly #desk: Desk;
	readonly #due = new DueCells();
	readonly #watch: Watch;
	readonly #held = new Holding();
	readonly #epochs = new EpochWatch();

	constructor(options: Partial<FeedOptions> = {}, random: () => number = Math.random) {
		this.#options = {...feedDefaults, ...options};
		this.#random = random;
		// Who loses the broker is seldom the only one.
		this.#service = new Service(() => this.#options.pollAfter_ms * (1 + 0.4 * random()));
		this.#desk = new Desk(random);
		this.#watch = new Watch(this.#options, random);
	}

	get status(): FeedStatus {
		return this.#status;
	}

	/** When the next tick is due, if nothing else happens before. */
	get wakeAt_ms(): number {
		if (this.#isStopped) return Infinity;
		const times = [
			...this.#watch.times_ms,
			this.#due.headsUntil_ms,
			this.#desk.retryAt_ms,
			this.#pollAt_ms,
			this.#service.pollAt_ms,
			this.#movedAt_ms + moveSpread_ms,
			this.#target?.notBefore_ms ?? 0,
			this.#target?.patientUntil_ms ?? 0,
		];
		return Math.min(...times.filter((time) => time > this.#now_ms));
	}

	step(input: FeedInput, now_ms: number): FeedEffect[] {
		this.#now_ms = Math.max(now_ms, this.#now_ms);
		this.#effects = [];
		if (!this.#isStopped) {
			this.#take(input);
			this.#settle();
			this.#showStatus();
		}
		return this.#effects;
	}

	#take(input: FeedInput): void {
		switch (input.type) {
			case 'start':
				this.#service.begin(this.#now_ms);
				return this.#aim(input.circle);
			case 'move': return void (this.#pendingMove = input.circle);
			case 'granted': return this.#grant(input.cells);
			case 'connecting': return this.#service.expect(this.#now_ms);
			case 'refused': return this.#revoke(input.cells);
			case 'event': return this.#hear(input.event);
			case 'head': return this.#hearHead(input.area, input.head);
			case 'online': return this.#due.confirmAwaited(this.#area?.ledger.epoch);
			case 'offline': return this.#watch.distrust(this.#now_ms);
			case 'snapshot': return this.#replace(input.request, input.position);
			case 'page': return this.#turnPage(input.request, input.page);
			case 'failed': return this.#fail(input.request, input.failure);
			case 'wake':
				this.#desk.hurry();
				this.#hasLog = true;
				return this.#watch.hurry(this.#now_ms);
			case 'stop':
				this.#abort();
				this.#isStopped = true;
				this.#effects.push({type: 'want', cells: []});
		}
	}

	/** Begins to fetch a snapshot; the old state goes on until it is there. */
	#aim(circle: Circle, reason?: ResetReason, pause_ms = 0): void {
		this.#abort();
		this.#pages = 0;
		const cells = new Set(cover(circle) ?? [everywhere]);
		this.#target = {
			circle,
			cells,
			reason: this.#area ? (this.#target?.reason ?? reason) : undefined,
			early: new Holding(),
			known: this.#area?.ledger.newest ?? 0,
			notBefore_ms: this.#now_ms + pause_ms,
			patientUntil_ms: this.#now_ms + Math.max(pause_ms, this.#options.patience_ms),
		};
		this.#want();
	}

	#aimAgain(reason: ResetReason): void {
		if (this.#target || !this.#area) return;
		this.#aim(this.#area.circle, reason, this.#random() * this.#options.gapSpread_ms);
	}

	#want(again = false): void {
		const cells = new Set([...(this.#area?.cells ?? []), ...(this.#target?.cells ?? [])]);
		cells.delete(everywhere);
		this.#service.remove([...this.#service.granted].filter((cell) => !cells.has(cell)));
		this.#effects.push({type: 'want', cells: [...cells].sort(), again});
	}

	#replace(id: number, position: Position): void {
		const request = this.#desk.answered(id);
		const target = this.#target;
		if (!request || !target) return;
		this.#desk.succeed();
		const old = this.#area?.ledger;
		const cells = [...target.cells];
		const ledger = new Ledger(cells, position);
		this.#epochs.settle(old?.epoch, position.epoch, this.#now_ms);
		this.#area = {circle: target.circle, cells, ledger};
		this.#target = undefined;
		this.#due.clear();
		this.#held.clear();
		this.#watch.calmDown(this.#now_ms);
		if (target.reason) this.#effects.push({type: 'reset', reason: target.reason});
		this.#effects.push({type: 'replace', request: id, circle: target.circle});
		this.#want();
		// What the broker began to send after the snapshot was asked for may lack something between.
		const {granted} = this.#service;
		this.#due.add(cells.filter((cell) => !request.granted.has(cell) && granted.has(cell)));
		const isStale = old?.epoch === position.epoch && target.known > position.offset;
		if (isStale || target.early.isOverflown) this.#due.add(cells);
		for (const event of target.early.take()) this.#deliver(event);
		this.#compareHeads();
	}

	#grant(cells: readonly string[]): void {
		const news = this.#service.add(cells);
		const asked = this.#area?.cells.filter((cell) => news.includes(cell)) ?? [];
		if (asked.length === 0) return;
		this.#due.addUnlessConfirmed(asked, this.#now_ms);
		if (this.#desk.kind === 'poll') this.#abort();
		this.#compareHeads(); // Some come before SUBACK.
	}

	#revoke(cells: readonly string[]): void {
		this.#service.refuse(cells);
		this.#desk.interrupt(cells);
		this.#due.forgetHeads();
	}

	#hear(event: EarshotEvent): void {
		if (this.#target && cellAround(this.#target.cells, event.cell) !== undefined) {
			this.#target.early.add(event);
		}
		if (this.#area?.ledger.covers(event.cell)) this.#deliver(event);
	}

	#deliver(event: EarshotEvent): void {
		const ledger = this.#area?.ledger;
		switch (ledger?.judge(event)) {
			case 'foreign':
				return this.#hearForeign(event.epoch);
			case 'next':
				if (!ledger.hasRoomFor(event)) return this.#hold(event);
				this.#apply(event);
				this.#release(ledger);
				return this.#watch.hear(this.#now_ms);
			case 'gap':
				return this.#hold(event);
			default:
				return;
		}
	}

	#hold(event: EarshotEvent): void {
		this.#held.add(event);
		if (this.#held.isOverflown) this.#due.add(this.#area?.cells ?? []);
		this.#watch.doubt(this.#now_ms);
	}

	#hearHead(area: string, head: Head): void {
		this.#due.hear(area, head);
		const current = this.#area;
		if (!current) return;
		if (head.epoch !== current.ledger.epoch) return this.#hearForeign(head.epoch);
		const isNews = current.ledger.compare(area, head);
		this.#due.compare(current.ledger, area, head, this.#now_ms);
		if (isNews) this.#watch.hear(this.#now_ms);
		if (current.ledger.isSuspicious) this.#watch.doubt(this.#now_ms);
	}

	#compareHeads(): void {
		for (const [area, head] of this.#due.headsOf(this.#area?.ledger.epoch)) this.#hearHead(area, head!);
	}

	#hearForeign(epoch: string): void {
		if (this.#target || !this.#epochs.isNews(epoch, this.#now_ms)) return this.#watch.hear(this.#now_ms);
		this.#aimAgain('epoch');
	}

	#apply(event: EarshotEvent): void {
		const area = this.#area!;
		area.ledger.enter(event);
		if (isInside(area.circle, event)) this.#effects.push({type: 'apply', event});
	}

	/** Delivers what was held and is next by now. */
	#release(ledger: Ledger): void {
		for (const event of this.#held.take()) {
			const verdict = ledger.judge(event);
			if (verdict === 'next') this.#apply(event);
			else if (verdict === 'gap') this.#held.add(event);
		}
	}

	#turnPage(id: number, page: EventPage): void {
		const request = this.#desk.answered(id);
		const area = this.#area;
		if (!request || !area) return;
		this.#desk.succeed();
		const {ledger} = area;
		if (page.position.epoch !== ledger.epoch) return this.#aimAgain('epoch');
		const cells = new Set(request.cells);
		const before = ledger.entered;
		for (const event of page.events) {
			if (cellAround(cells, event.cell) === undefined) continue;
			const verdict = ledger.judge(event);
			if (verdict === 'next') this.#apply(event);
			else if (verdict !== 'repeat') return this.#aimAgain('incomplete');
		}
		ledger.raise(request.cells, page.position.offset);
		this.#release(ledger);
		// Pages that an audit only confirms do not count.
		if (ledger.entered > before) this.#pages++;
		if (page.more && this.#pages > pagesMax) return this.#aimAgain('behind');
		this.#pollAt_ms = page.more ? this.#now_ms : this.#pollAt_ms;
		if (page.more) return;
		this.#pages = 0;
		this.#due.settle(request.cells, request.mark);
		const isAll = request.cells.length === area.cells.length;
		// What was heard meanwhile, beyond this answer, is confirmed by none.
		if (isAll && ledger.newest <= page.position.offset) this.#watch.calmDown(this.#now_ms);
		if (this.#held.size > 0 || ledger.isSuspicious) this.#watch.doubt(this.#now_ms);
		else this.#watch.trust();
	}

	#fail(id: number, failure: Failure): void {
		if (!this.#desk.answered(id)) return;
		if (failure.kind === 'no-log') this.#hasLog = false;
		if (failure.kind !== 'passing') return this.#aimAgain(failure.kind);
		this.#desk.fail(this.#now_ms, failure.retryAfter_ms);
	}

	#abort(): void {
		const request = this.#desk.giveUp();
		if (request !== undefined) this.#effects.push({type: 'abort', request});
	}

	/** Does what the time has come for, and asks the server for what is needed most. */
	#settle(): void {
		this.#followMove();
		const area = this.#area;
		if (area && !this.#target) {
			if (this.#watch.takeDoubt(this.#now_ms)) this.#lookIntoDoubt(area);
			if (this.#watch.isAuditTime(this.#now_ms)) this.#audit(area);
		}
		this.#service.note(this.#needed, this.#now_ms);
		if (this.#isStopped || !this.#desk.isFree(this.#now_ms)) return;
		if (this.#target) this.#askSnapshot(this.#target);
		else if (area) this.#askEvents(area);
	}

	/** Where nothing has happened the heads tell whether that is true; what has, may hide a loss. */
	#audit({cells}: Area): void {
		const isIdle = this.#watch.isIdle && this.#isServed;
		this.#watch.calmDown(this.#now_ms);
		if (!this.#hasLog) return;
		if (!isIdle) return this.#due.add(cells, true);
		this.#due.forgetHeads();
		this.#due.addUnlessConfirmed(cells, this.#now_ms, true);
		this.#want(true);
	}

	#followMove(): void {
		const circle = this.#pendingMove;
		if (!circle || this.#now_ms < this.#movedAt_ms + moveSpread_ms) return;
		this.#pendingMove = undefined;
		this.#movedAt_ms = this.#now_ms;
		this.#aim(circle, 'moved');
	}

	#lookIntoDoubt(area: Area): void {
		if (this.#held.size === 0 && !area.ledger.isSuspicious) return;
		if (this.#watch.mayTryAgain(this.#held.first)) return this.#due.add(area.cells);
		area.ledger.trust();
		if (this.#held.size > 0) this.#aimAgain('incomplete');
	}

	#askSnapshot(target: Target): void {
		const isGranted = this.#service.serves([...target.cells]);
		const isTime = isGranted || this.#now_ms >= target.patientUntil_ms || target.cells.has(everywhere);
		if (this.#now_ms < target.notBefore_ms || !isTime) return;
		const request = this.#ask('snapshot', [...target.cells]);
		this.#effects.push({type: 'fetch-snapshot', request, circle: target.circle});
	}

	#askEvents(area: Area): void {
		const due = this.#due.among(area.cells, this.#now_ms);
		if (due.length > 0 && (this.#isServed || this.#isPolling)) {
			if (!this.#hasLog) return this.#aimAgain('no-log');
			this.#pollAt_ms = this.#now_ms + pollMin_ms;
			return this.#askPage('catch-up', area, due);
		}
		if (!this.#isPolling || this.#now_ms < this.#pollAt_ms) return;
		const period_ms = this.#hasLog ? pollMin_ms : snapshotPeriod_ms;
		this.#pollAt_ms = this.#now_ms + period_ms;
		if (!this.#hasLog) return this.#aimAgain('no-log');
		this.#askPage('poll', area, area.cells);
	}

	#askPage(kind: 'catch-up' | 'poll', {circle, ledger}: Area, cells: readonly string[]): void {
		const request = this.#ask(kind, cells);
		this.#effects.push({
			type: 'fetch-events',
			request,
			cells: cells.filter((cell) => cell !== everywhere),
			circle,
			after: {epoch: ledger.epoch, offset: ledger.lowest(cells)},
			// After a failure it is soon known whether polling works again.
			wait_s: kind === 'poll' && !this.#desk.hasFailed ? pollWait_s : 0,
		});
	}

	#ask(kind: Request['kind'], cells: readonly string[]): number {
		const granted = new Set(this.#service.granted);
		return this.#desk.ask({kind, cells, mark: this.#due.mark, granted});
	}

	/** What the state (or, before it, the target) is about. */
	get #needed(): readonly string[] {
		return this.#area?.cells ?? [...(this.#target?.cells ?? [])];
	}

	get #isServed(): boolean {
		return this.#service.serves(this.#needed);
	}

	get #isPolling(): boolean {
		return this.#area !== undefined && this.#service.isAbsent(this.#needed, this.#now_ms);
	}

	#showStatus(): void {
		const status = this.#isStopped ? 'offline' : this.#statusNow;
		if (status !== this.#status) this.#effects.push({type: 'status', status});
		this.#status = status;
	}

	get #statusNow(): FeedStatus {
		const isOpen = this.#service.granted.size > 0;
		const isAtFault = this.#desk.hasFailed;
		const isReachable = this.#isServed || (this.#isPolling && !isAtFault);
		if (!this.#area) return isReachable || isOpen ? 'catching-up' : 'connecting';
		if (!isReachable) return this.#service.wasWhole || isAtFault ? 'offline' : 'connecting';
		if (this.#target) return 'catching-up';
		if (!this.#isServed) return 'polling';
		// An audit is not worth a word: nothing is known to be missing.
		return this.#due.size > 0 && !this.#due.isAudit ? 'catching-up' : 'live';
	}
}
