const period_ms = 25;

/**
 * Looks again and again until `fact` gives something true, and returns that.
 *
 * Errors: an Error that names `what`, with what was seen last, after `within_s`.
 */
export async function until(what, fact, within_s = 15) {
	const end_ms = Date.now() + within_s * 1_000;
	let seen;
	while (Date.now() < end_ms) {
		try {
			seen = await fact();
			if (seen) return seen;
		} catch (error) {
			seen = error;
		}
		await new Promise((resolve) => setTimeout(resolve, period_ms));
	}
	const last = seen instanceof Error ? seen.message : JSON.stringify(seen);
	throw new Error(`waited ${within_s} s in vain until ${what}; seen last: ${last}`);
}
