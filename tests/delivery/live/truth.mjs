import {centreOf, distance_m} from '../../../client-sdk/js/dist/geo/index.js';
import {EventLog} from '../../e2e/event-log.mjs';
import {remark} from '../../e2e/case.mjs';
import {until} from '../../e2e/until.mjs';
import {pageMost} from './watcher.mjs';

/** What a client may need after the last event; half a minute more is for slow machines. */
const promised_s = 10;
const patience_s = 40;

/** The number that a question's id stands for. */
function numberOf(id) {
	const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
	return [...id].reduce((value, letter) => value * 32n + BigInt(alphabet.indexOf(letter)), 0n);
}

/** The database when nothing happens any more. */
export class Truth {
	/**
	 * Waits until everything that was accepted is carried out and relayed. `dropped` are events that the
	 * log has no longer.
	 */
	static async of(server, dropped = []) {
		const log = new EventLog(server);
		await until('every job has ended', () => {
			return log.query(`
				select to_json((select count(*) from engine.job) = (select count(*) from engine.result))`);
		}, 60);
		await until('everything is relayed', () => log.isRelayed(), 60);
		const quiet_ms = performance.now();
		const [epoch, events, ranks] = await Promise.all([
			log.query('select to_json(engine.epoch())'),
			log.events(),
			log.query(`select json_object_agg(id::text, rank) from ask_around_me.question`),
		]);
		return new Truth(quiet_ms, epoch, [...dropped, ...events], ranks);
	}

	constructor(quiet_ms, epoch, events, ranks) {
		this.quiet_ms = quiet_ms; // Since when nothing has happened.
		this.epoch = epoch;
		this.events = events.map((event) => {
			const rank = ranks[numberOf(event.subject)];
			if (rank === undefined) throw new Error(`${event.subject} is in the log and not in the table`);
			return {...event, rank};
		});
		if (Object.keys(ranks).length !== events.length) throw new Error('not every question has one event');
	}

	/** What a view lacks or has too much, in words; undefined when it is as the database is. */
	differs(view) {
		if (!view) return 'there is no state';
		if (view.epoch !== this.epoch) return `the state is of the history ${view.epoch}, not of ${this.epoch}`;
		const inside = this.#inside(view.circle);
		const before = inside.filter(({offset}) => offset <= view.offset);
		const after = inside.filter(({offset}) => offset > view.offset);
		return differenceOf('applied', after.map(({offset}) => offset), view.applied.map(({offset}) => offset)) ??
			differenceOf('in the snapshot', newestOf(before), view.base);
	}

	#near = new Map();

	#inside(circle) {
		if (!this.#near.has(circle)) {
			const isInside = ({cell}) => distance_m(circle, centreOf(cell)) <= circle.radius_m;
			this.#near.set(circle, this.events.filter(isInside));
		}
		return this.#near.get(circle);
	}

	/**
	 * Waits until a client's state is this, and returns how long that took. Errors: it does not become
	 * so, or what the client did on the way was wrong.
	 */
	async isReachedBy(watcher, within_s = patience_s) {
		await until(`${watcher.name} has the state of the database`, () => {
			const difference = this.differs(watcher.view);
			if (difference) throw new Error(`${difference}; ${watcher.feed.status}, resets: ${watcher.resets}`);
			return true;
		}, within_s);
		if (watcher.faults.length > 0) throw new Error(`${watcher.name}: ${watcher.faults.slice(0, 5).join('; ')}`);
		return (performance.now() - this.quiet_ms) / 1_000;
	}

	/** The same of many, who may all take their time at once; tells what the slowest took. */
	async isReachedByAll(watchers, within_s) {
		const ends = await Promise.allSettled(watchers.map((each) => this.isReachedBy(each, within_s)));
		const failures = ends.filter(({reason}) => reason).map(({reason}) => reason.message);
		if (failures.length > 0) throw new Error(`${failures.length} of ${ends.length}:\n${failures.join('\n')}`);
		const slowest_s = Math.max(...ends.map(({value}) => value));
		const late = ends.filter(({value}) => value > promised_s).length;
		const resets = Object.entries(Object.groupBy(watchers.flatMap((each) => each.resets), (reason) => reason))
			.map(([reason, each]) => `${each.length} × ${reason}`);
		remark(`${watchers.length} as the database after ${slowest_s.toFixed(1)} s of quiet` +
			`${late > 0 ? ` (${late} after ${promised_s} s)` : ''}; resets: ${resets.join(', ') || 'none'}`);
	}
}

function newestOf(events) {
	const newest = events.toSorted((a, b) => b.rank - a.rank).slice(0, pageMost);
	return newest.map(({subject}) => subject);
}

/** Order is judged when events are applied, and per topic; here it is which, and how often. */
function differenceOf(what, wanted, found) {
	const missing = new Set(wanted);
	for (const each of found) {
		if (!missing.delete(each)) return `${each} is ${what} and should not be`;
	}
	const [first] = missing;
	return missing.size > 0 ? `${missing.size} of ${wanted.length} are not ${what}, ${first} first` : undefined;
}
