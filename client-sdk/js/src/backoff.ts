/**
 * Full jitter: anything from nothing to a ceiling that doubles with every failure, up to 30 s.
 *
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function fullJitter_ms(failures: number, random: () => number): number {
	return random() * Math.min(30_000, 500 * 2 ** Math.min(failures, 16));
}

/** No server may send anybody away for longer than this. */
export const retryAfterMax_ms = 60_000;
