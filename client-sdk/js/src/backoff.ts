const ceiling_ms = 30_000;
/** No server may send anybody away for longer than this. */
const retryAfterMax_ms = 60_000;

/**
 * How long to leave a server alone after the `failures`-th failure in a row (from 0): as long as it
 * asks for, and with full jitter anything from nothing to a ceiling that doubles every time.
 *
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function pause_ms(
	retryAfter_ms: number | undefined,
	failures: number,
	random: () => number,
): number {
	const jitter_ms = random() * Math.min(ceiling_ms, 500 * 2 ** Math.min(failures, 16));
	return Math.min(retryAfter_ms ?? 0, retryAfterMax_ms) + jitter_ms;
}
