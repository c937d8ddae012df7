import type {Circle, Point} from '@earshot/client';

export const sanFrancisco: Point = {lat: 37.7793, lon: -122.4193};
export const radiusChoices_m: readonly number[] = [1_000, 2_000, 5_000, 8_000, 25_000];

const defaultRadius_m = 8_000;
const radiusMax_m = 50_000;

/**
 * Reads the area out of a query such as `?lat=37.7793&lon=-122.4193&radius_m=8000`; what is
 * missing or wrong is the default.
 */
export function areaFromQuery(query: string): Circle {
	const fields = new URLSearchParams(query);
	const place = parseLatLon(`${fields.get('lat')}, ${fields.get('lon')}`) ?? sanFrancisco;
	const radius_m = Number(fields.get('radius_m') ?? Number.NaN);
	const isRadius = Number.isInteger(radius_m) && radius_m >= 1 && radius_m <= radiusMax_m;
	return {...place, radius_m: isRadius ? radius_m : defaultRadius_m};
}

export function queryOfArea({lat, lon, radius_m}: Circle): string {
	return `?lat=${lat}&lon=${lon}&radius_m=${radius_m}`;
}

/**
 * Reads "37.7793, -122.4193" as people type or paste it; undefined when it is no point on earth.
 */
export function parseLatLon(text: string): Point | undefined {
	const match = /^\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*$/.exec(text);
	if (!match) return undefined;
	const lat = rounded(Number(match[1]), 5);
	const lon = rounded(Number(match[2]), 5);
	return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? {lat, lon} : undefined;
}

/**
 * Rounds a measured position before it can reach the address bar or the server.
 *
 * Units:  3 decimals are about 110 m, which is what the server keeps of a question's place anyway.
 */
export function coarse({lat, lon}: Point): Point {
	return {lat: rounded(lat, 3), lon: rounded(lon, 3)};
}

export function nameOfPlace({lat, lon}: Point): string {
	if (lat === sanFrancisco.lat && lon === sanFrancisco.lon) return 'San Francisco';
	const degrees = (value: number, positive: string, negative: string) =>
		`${Math.abs(value).toFixed(3)}° ${value < 0 ? negative : positive}`;
	return `${degrees(lat, 'N', 'S')}, ${degrees(lon, 'E', 'W')}`;
}

function rounded(value: number, decimals: number): number {
	return Number(value.toFixed(decimals)) + 0; // + 0 turns -0 into 0.
}
