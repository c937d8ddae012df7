import {sanFrancisco} from '../e2e/client.mjs';

/** Towns, in a square whose sides are ten of them, 10 km apart: each has heads of its own. */
export const places = 100;

export function placeOf(number) {
	const place = number % places;
	const {lat, lon} = sanFrancisco;
	return {lat: lat + 0.1 * Math.floor(place / 10), lon: lon - 0.12 * (place % 10)};
}
