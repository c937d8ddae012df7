/** Thrown by `check.skip`. */
class Skipped extends Error {}

/** Thrown when the rest of a file makes no sense any more, because a check hangs. */
export class Abandoned extends Error {}

/**
 * One file of checks: `await check('a sentence about behaviour', async () => { … })`.
 *
 * Every check prints one line as soon as it is decided. One that fails does not keep the next from
 * running; one that takes longer than its limit ends the file, for its body may still be at work.
 */
export class Report {
	failures = 0;

	/** `name` is what the lines begin with: `e2e/pages`. */
	constructor(name) {
		this.name = name;
	}

	async check(sentence, body, {limit_s = 60} = {}) {
		const name = `${this.name}: ${sentence}`;
		const start_ms = Date.now();
		const hang = Symbol('hang');
		let timer;
		const limit = new Promise((resolve) => {
			timer = setTimeout(() => resolve(hang), limit_s * 1_000);
		});
		try {
			const ended = await Promise.race([body(), limit]);
			if (ended === hang) throw new Abandoned(`it did not end within ${limit_s} s`);
			console.log(`ok ${name}`);
		} catch (error) {
			if (error instanceof Skipped) return console.log(`skip ${name} (${error.message})`);
			this.fail(name, error);
			if (error instanceof Abandoned) throw error;
		} finally {
			clearTimeout(timer);
			console.error(`${name}: ${Date.now() - start_ms} ms`);
		}
	}

	/** Prints a failure, and everything known about it below. */
	fail(name, error) {
		this.failures++;
		const text = error?.stack ?? String(error);
		console.log(`not ok ${name}\n${text.replaceAll(/^/gm, '  ')}`);
	}
}

/** Leaves the check that calls it, which counts as skipped. */
export function skip(why) {
	throw new Skipped(why);
}

/** A figure for the reader. */
export function remark(text) {
	console.log(`# ${text}`);
}
