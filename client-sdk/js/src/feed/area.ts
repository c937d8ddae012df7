import type {Circle} from '../geo/point.ts';
import type {ResetReason} from './feed-types.ts';
import type {Holding} from './holding.ts';
import type {Ledger} from './ledger.ts';

/** A circle that a snapshot is being fetched for. */
export interface Target {
	readonly circle: Circle;
	readonly cells: ReadonlySet<string>;
	readonly reason: ResetReason | undefined;
	/** What has happened since; it may be newer than the snapshot. */
	readonly early: Holding;
	/** The newest offset before: a snapshot that is older is stale. */
	readonly known: number;
	readonly notBefore_ms: number;
	readonly patientUntil_ms: number;
}

/** The circle that the state is about. */
export interface Area {
	readonly circle: Circle;
	readonly cells: readonly string[];
	readonly ledger: Ledger;
}
