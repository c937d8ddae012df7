import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {expect, it} from 'vitest';

import {chooseSeed} from '../random/random.ts';
import {histories, replay} from '../replay.ts';
import {bare, everything, explore, type Machines} from './schedule.ts';

/** A mistake that somebody could make: `text` of the file becomes `wrong`. */
interface Mutant {
	readonly name: string;
	readonly file: string;
	readonly text: string;
	readonly wrong: string;
	/** Makes things slow, not wrong, for something else mends it: so a written history must notice. */
	readonly isMended?: true;
}

const mutants: readonly Mutant[] = [
	{
		name: 'prev is not looked at',
		file: 'feed/ledger.ts',
		text: "prev <= known ? 'next' : 'gap'",
		wrong: "'next'",
	},
	{
		name: 'repeats are applied',
		file: 'feed/ledger.ts',
		text: "if (offset <= known) return 'repeat';",
		wrong: '',
	},
	{
		name: 'epochs are not looked at',
		file: 'feed/ledger.ts',
		text: "if (epoch !== this.epoch) return 'foreign';",
		wrong: '',
	},
	{
		name: 'an answer raises the position of cells that it does not cover',
		file: 'feed/feed-core.ts',
		text: 'ledger.raise(request.cells, page.position.offset)',
		wrong: 'ledger.raise(area.cells, page.position.offset)',
	},
	{
		name: 'the position is raised beyond what was scanned',
		file: 'feed/feed-core.ts',
		text: 'ledger.raise(request.cells, page.position.offset)',
		wrong: 'ledger.raise(request.cells, page.position.offset + 3)',
	},
	{
		name: 'the log is read from the newest position instead of the oldest',
		file: 'feed/ledger.ts',
		text: 'Math.min(...positions)',
		wrong: 'Math.max(...positions)',
	},
	{
		name: 'a snapshot replaces what came while it was on its way',
		file: 'feed/feed-core.ts',
		text: 'for (const event of target.early.take()) this.#deliver(event);',
		wrong: 'target.early.take();',
	},
	{
		name: 'an event raises the position of its whole cell',
		file: 'feed/ledger.ts',
		text: 'this.#lastOfTopic.set(cell, offset);',
		wrong: 'this.raise([cellAround(this.#positions, cell) ?? cell], offset);',
	},
	{
		name: 'held events are forgotten',
		file: 'feed/feed-core.ts',
		text: "else if (verdict === 'gap') this.#held.add(event);",
		wrong: '',
		isMended: true,
	},
	{
		name: 'the first page of the log is taken for all of them',
		file: 'feed/feed-core.ts',
		text: 'if (page.more) return;',
		wrong: '',
	},
	{
		name: 'nothing is read after a reconnection',
		file: 'feed/feed-core.ts',
		text: 'this.#due.addUnlessConfirmed(asked, this.#now_ms);',
		wrong: '',
	},
	{
		name: 'an answer from before a reconnection counts as one from after it',
		file: 'feed/due-cells.ts',
		text: 'if ((this.#since.get(cell) ?? 0) <= mark) this.#since.delete(cell);',
		wrong: 'this.#since.delete(cell);',
		isMended: true,
	},
	{
		name: 'a stale snapshot counts as a fresh one',
		file: 'feed/feed-core.ts',
		text: 'if (isStale || target.early.isOverflown)',
		wrong: 'if (target.early.isOverflown)',
		isMended: true,
	},
	{
		name: 'the tail is never audited',
		file: 'feed/feed-core.ts',
		text: 'if (!isIdle) return this.#due.add(cells, true);',
		wrong: 'if (!isIdle) return;',
	},
	{
		name: 'where nothing happens nothing is audited',
		file: 'feed/feed-core.ts',
		text: 'this.#want(true);',
		wrong: 'this.#due.confirmAwaited();',
		isMended: true,
	},
	{
		name: 'the status confirms what no head of this epoch vouches for',
		file: 'feed/due-cells.ts',
		text: 'if (this.headsOf(epoch).length === 0) return;',
		wrong: '',
		isMended: true,
	},
	{
		name: 'a head that was lost is one that never was',
		file: 'feed/due-cells.ts',
		text: 'if (lost.some((area) => touches(area, cell))) continue;',
		wrong: '',
		isMended: true,
	},
	{
		name: 'the status confirms cells that a head tells news of',
		file: 'feed/due-cells.ts',
		text: 'this.#since.set(cell, this.#additions);\n\t\t\tthis.#awaitsHead.delete(cell);',
		wrong: 'this.#since.set(cell, this.#additions);',
		isMended: true,
	},
	{
		name: 'nobody remembers that the bridge was away',
		file: 'feed/feed-core.ts',
		text: "case 'offline': return this.#watch.distrust(this.#now_ms);",
		wrong: '',
		isMended: true,
	},
	{
		name: 'heads are not looked at',
		file: 'feed/feed-core.ts',
		text: 'if (current.ledger.isSuspicious) this.#watch.doubt(this.#now_ms);',
		wrong: '',
		isMended: true,
	},
	{
		name: 'a later event of another topic makes up for one that a head told of',
		file: 'feed/ledger.ts',
		text: 'this.#suspects.delete(offset);\n\t\tthis.#lastOfBlock',
		wrong:
			'for (const suspect of this.#suspects.keys())' +
			'if (suspect <= offset) this.#suspects.delete(suspect);\n\t\tthis.#lastOfBlock',
		isMended: true,
	},
	{
		name: 'an answer calms down although more was heard meanwhile',
		file: 'feed/feed-core.ts',
		text: 'if (isAll && ledger.newest <= page.position.offset)',
		wrong: 'if (isAll)',
		isMended: true,
	},
	{
		name: 'a position that has expired is not noticed',
		file: 'feed/feed-core.ts',
		text: "if (failure.kind !== 'passing')",
		wrong: "if (failure.kind === 'no-log')",
	},
	{
		name: 'stragglers of a past epoch count as news',
		file: 'feed/epoch-watch.ts',
		text: 'if (this.#past.includes(epoch)) return false;',
		wrong: 'if (this.#past.includes(epoch)) return true;',
		isMended: true,
	},
	{
		name: 'the state is replaced without a word',
		file: 'feed/feed-core.ts',
		text: "if (target.reason) this.#effects.push({type: 'reset', reason: target.reason});",
		wrong: '',
	},
	{
		name: 'events outside the circle are applied',
		file: 'feed/feed-core.ts',
		text: "if (isInside(area.circle, event)) this.#effects.push({type: 'apply', event});",
		wrong: "this.#effects.push({type: 'apply', event});",
	},
	{
		name: 'a broker that takes a while is polled around',
		file: 'feed/service.ts',
		text: '!this.#isExpected && ',
		wrong: '',
		isMended: true,
	},
	{
		name: 'a connection that fails is waited for all the same',
		file: 'feed/service.ts',
		text: 'this.remove(cells);\n\t\tthis.#isExpected = false;',
		wrong: 'this.remove(cells);',
		isMended: true,
	},
	{
		name: 'a connection that has come about is waited for all the same',
		file: 'feed/service.ts',
		text: 'this.#isExpected = false; // It has come about.',
		wrong: '',
		isMended: true,
	},
	{
		name: 'whoever polls ceases to, whenever a connection is tried',
		file: 'feed/service.ts',
		text: 'this.#wasWhole && now_ms < this.#pollAt_ms',
		wrong: 'this.#wasWhole',
		isMended: true,
	},
	{
		name: 'a broker that has never served is waited for',
		file: 'feed/service.ts',
		text: 'this.#wasWhole && now_ms < this.#pollAt_ms',
		wrong: 'now_ms < this.#pollAt_ms',
		isMended: true,
	},
	{
		name: 'nothing is subscribed again after a reconnection',
		file: 'line/line-core.ts',
		text: 'this.#granted.clear();',
		wrong: '',
	},
];

const isFull = process.env['EARSHOT_TEST_FULL'] === '1';

it.each(mutants)('it is noticed when $name', {timeout: 900_000}, async (mutant) => {
	const machines = await machinesOf(mutant);
	if (mutant.isMended) {
		const failed = histories.filter((file) => !isReplayed(file, machines));
		return expect(failed).not.toEqual([]);
	}
	const seed = chooseSeed();
	let ran = 0;
	for (let round = 0; round < (isFull ? 1_000 : 50); round++) {
		for (const profile of [bare, everything]) {
			const limits = {schedules: 30, budget_ms: 60_000};
			const sum = explore(machines, seed + 30 * round, profile, limits, 1);
			ran += sum.ran;
			const [found] = sum.failed;
			if (found) return console.log(`${mutant.name}: ${ran} schedules, then ${found.faults[0]}`);
		}
	}
	return expect.fail(`${ran} schedules noticed nothing`);
});

function isReplayed(file: string, machines: Machines): boolean {
	try {
		replay(file, machines);
		return true;
	} catch {
		return false;
	}
}

async function machinesOf({file, text, wrong}: Mutant): Promise<Machines> {
	const src = fileURLToPath(new URL('../../src/', import.meta.url));
	const original = await readFile(src + file, 'utf8');
	expect(original.split(text).length, `${file} has the text once`).toBe(2);
	const contents = original.replace(text, () => wrong);
	const entry = "export * from './feed/feed-core.ts'; export * from './line/line-core.ts';";
	const built = await build({
		stdin: {contents: entry, resolveDir: src, loader: 'ts'},
		bundle: true,
		write: false,
		format: 'esm',
		plugins: [
			{
				name: 'mutant',
				setup: ({onLoad}) =>
					onLoad({filter: /\.ts$/}, ({path}) =>
						path === src + file ? {contents, loader: 'ts'} : undefined,
					),
			},
		],
	});
	const code = Buffer.from(built.outputFiles[0]!.contents).toString('base64');
	return (await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)) as Machines;
}
