/** A point on the earth, in degrees. */
export interface LatLon {
	readonly lat: number;
	readonly lon: number;
}

// Mean radius of the WGS 84 ellipsoid, the same constant as on the server.
const earthRadius_m = 6_371_008.8;

/**
 * Great-circle distance by haversine.
 *
 * Units:  metres, on a sphere: at most 0.56 % off the ellipsoid.
 */
export function distance_m(from: LatLon, to: LatLon): number {
	const radians = Math.PI / 180;
	const halfLat = Math.sin(((to.lat - from.lat) * radians) / 2);
	const halfLon = Math.sin(((to.lon - from.lon) * radians) / 2);
	const chord =
		halfLat * halfLat +
		Math.cos(from.lat * radians) * Math.cos(to.lat * radians) * halfLon * halfLon;
	return 2 * earthRadius_m * Math.asin(Math.min(1, Math.sqrt(chord)));
}
