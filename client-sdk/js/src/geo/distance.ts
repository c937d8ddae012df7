import type {Box, Point} from './point.ts';

/**
 * The one sphere of the whole system, on the server too.
 *
 * Units:  metres; the mean radius of the Earth. Distances differ from those on the WGS84 ellipsoid
 *         by at most 0.56 %.
 * Source: IUGG mean radius R1 of GRS80.
 */
export const earthRadius_m = 6_371_008.8;

const radiansPerDegree = Math.PI / 180;

/** The great-circle distance, by haversine. */
export function distance_m(from: Point, to: Point): number {
	const sinLat = Math.sin(((to.lat - from.lat) * radiansPerDegree) / 2);
	const sinLon = Math.sin(((to.lon - from.lon) * radiansPerDegree) / 2);
	const h =
		sinLat * sinLat +
		Math.cos(from.lat * radiansPerDegree) * Math.cos(to.lat * radiansPerDegree) * sinLon * sinLon;
	return 2 * earthRadius_m * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** How far `from` is from the nearest point of `box`; 0 inside. Right at the poles, too. */
export function minDistance_m(from: Point, box: Box): number {
	return distance_m(from, nearestPoint(from, box));
}

/** How far two angles are apart on the circle, in [0, 180] degrees. */
function angleBetween(a: number, b: number): number {
	const turned = Math.abs(a - b) % 360;
	return turned > 180 ? 360 - turned : turned;
}

/** The longitude of `box` that is nearest to `lon`, either way round the world. */
function nearestLon(lon: number, {west, east}: Box): number {
	if (west <= lon && lon <= east) return lon;
	return angleBetween(lon, west) <= angleBetween(lon, east) ? west : east;
}

/**
 * The point of `box` nearest to `from`: on the meridian with the nearest longitude.
 *
 * Along a meridian the cosine of the distance is A cos(lat - foot), A >= 0, where foot is where the
 * perpendicular meets the meridian's great circle. So the nearest latitude is the foot if the box
 * has it, otherwise the edge closer to it in angle.
 * Source: Schubert, Zimek, Kriegel, "Geodetic Distance Queries on R-Trees", SSTD 2013.
 */
function nearestPoint(from: Point, box: Box): Point {
	const lon = nearestLon(from.lon, box);
	if (lon === from.lon) return {lat: Math.min(Math.max(from.lat, box.south), box.north), lon};
	const lat = from.lat * radiansPerDegree;
	const foot =
		Math.atan2(Math.sin(lat), Math.cos(lat) * Math.cos((lon - from.lon) * radiansPerDegree)) /
		radiansPerDegree;
	if (box.south <= foot && foot <= box.north) return {lat: foot, lon};
	const isSouthNearer = angleBetween(foot, box.south) < angleBetween(foot, box.north);
	return {lat: isSouthNearer ? box.south : box.north, lon};
}
