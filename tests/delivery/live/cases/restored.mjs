// The database goes back to an earlier state, under clients that have seen what came after it.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {appendFileSync, chownSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {remark} from '../../../e2e/case.mjs';
import {around} from '../crowd.mjs';
import {Proxy} from '../proxy.mjs';
import {firstSeed, Random} from '../../../e2e/random.mjs';
import {truthAfter} from '../stage.mjs';
import {Watcher} from '../watcher.mjs';

/** Puts the copy back as docs/operations.md says, so that the epoch changes. */
function putBack(dataDir, copy) {
	rmSync(dataDir, {recursive: true});
	renameSync(copy, dataDir);
	const folder = join(dataDir, 'postgres');
	const {uid, gid} = statSync(folder);
	writeFileSync(join(folder, 'recovery.signal'), '');
	chownSync(join(folder, 'recovery.signal'), uid, gid);
	appendFileSync(join(folder, 'postgresql.auto.conf'), "restore_command = 'false'\n");
}

async function restore(world) {
	const {args, token} = world;
	const {dataDir} = world.server;
	const copy = `${dataDir}-copy`;
	const random = new Random(firstSeed);
	const happen = (count) => truthAfter(count, {server: world.server, token, random});
	const watchers = await Promise.all([0, 1, 2].map(async (n) => {
		const via = await Proxy.start(world.server.ports.webSocket);
		return new Watcher(`client ${n}`, {url: world.server.url, token, via, circle: around});
	}));
	await (await happen(300)).isReachedByAll(watchers);
	await world.server.stop();
	execFileSync('cp', ['-a', dataDir, copy]);
	world.server = await world.server.again({args});
	const undone = await happen(300);
	await undone.isReachedByAll(watchers);
	const before = watchers.map(({resets}) => resets.length);

	await world.server.stop();
	putBack(dataDir, copy);
	world.server = await world.server.again({args});
	const now = await happen(300);
	assert.notEqual(now.epoch, undone.epoch);
	await now.isReachedByAll(watchers);
	const told = watchers.map(({resets}, n) => resets.slice(before[n]));
	remark(`told: ${told.join(' and ')}`);
	assert.ok(told.every((reasons) => reasons.length > 0));
	for (const each of watchers) each.close();
}

export default async function restored(check, world) {
	await check('after a restore to an earlier state every client has that state, and was told', () => {
		return restore(world);
	}, {limit_s: 300});
}
