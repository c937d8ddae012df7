/** A listener that throws is its own problem: whoever tells it, and the others, go on. */
export function tell(say: () => void): void {
	try {
		say();
	} catch (error) {
		queueMicrotask(() => {
			throw error;
		});
	}
}

export function asError(error: unknown): Error {
	return error instanceof Error ? error : new Error(String(error));
}
