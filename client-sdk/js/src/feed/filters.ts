import {geoFilter, headFilter} from '../geo/topics.ts';

/** What to subscribe to for the events and the heads of `cells`. */
export function filtersOf(cells: readonly string[]): string[] {
	return [...new Set(cells.flatMap((cell) => [geoFilter(cell), headFilter(cell)]))];
}

/** Those of `cells` whose events `filters` bring. Heads are a bonus: nothing rests on them alone. */
export function cellsServedBy(cells: readonly string[], filters: readonly string[]): string[] {
	const served = new Set(filters);
	return cells.filter((cell) => served.has(geoFilter(cell)));
}
