export const textMax = 280;

/** Counts as the server does: code points, after trimming. */
export function lengthOf(text: string): number {
	return [...text.trim()].length;
}

export function isAskable(text: string): boolean {
	const length = lengthOf(text);
	return length >= 1 && length <= textMax;
}
