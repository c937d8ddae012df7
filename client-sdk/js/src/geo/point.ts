/**
 * A place on the sphere.
 *
 * Units:  degrees; `lat` in [-90, 90], `lon` in [-180, 180]. -180 and 180 are the same meridian.
 */
export interface Point {
	readonly lat: number;
	readonly lon: number;
}

/**
 * A rectangle of latitudes and longitudes, all four sides included; it never crosses the
 * antimeridian.
 */
export interface Box {
	readonly south: number;
	readonly west: number;
	readonly north: number;
	readonly east: number;
}

/** A point and everything at most `radius_m` from it. */
export interface Circle extends Point {
	readonly radius_m: number;
}

/** Throws a RangeError unless `point` is a place: 181 is a mistake, not somewhere else. */
export function checkPoint({lat, lon}: Point): void {
	// A NaN fails both comparisons, an infinity one of them.
	if (!(Math.abs(lat) <= 90) || !(Math.abs(lon) <= 180)) {
		throw new RangeError(`no place: lat ${lat}, lon ${lon}`);
	}
}
