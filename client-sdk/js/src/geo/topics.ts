import {leafLetters} from './cell.ts';

const geoPrefix = 'earshot/v1/geo/';
export const headPrefix = 'earshot/v1/head/';
/** Retained: whether the bridge runs, and the broker has the heads of all areas. */
export const statusTopic = 'earshot/v1/status';
export const areaLetters = 5; // A head speaks of an area of this many letters.

/** The filter for all events inside `cell`, of 3 to 7 letters; of a leaf, its topic. */
export function geoFilter(cell: string): string {
	return geoPrefix + levels(cell) + (cell.length < leafLetters ? '/#' : '');
}

/** The filter for the heads of every area that `cell` touches. */
export function headFilter(cell: string): string {
	const area = cell.slice(0, areaLetters);
	return headPrefix + levels(area) + (area.length < areaLetters ? '/#' : '');
}

/** The leaf whose events are published on `topic`; undefined for any other topic. */
export function cellOfTopic(topic: string): string | undefined {
	return cellBehind(geoPrefix, topic, leafLetters);
}

/** The area whose head is published on `topic`; undefined for any other topic. */
export function areaOfTopic(topic: string): string | undefined {
	return cellBehind(headPrefix, topic, areaLetters);
}

function cellBehind(prefix: string, topic: string, letters: number): string | undefined {
	if (!topic.startsWith(prefix)) return undefined;
	const cell = topic.slice(prefix.length).replaceAll('/', '');
	return cell.length === letters && topic === prefix + levels(cell) ? cell : undefined;
}

function levels(cell: string): string {
	return [cell.slice(0, 3), ...cell.slice(3)].join('/');
}
