// Starts that have to be refused: one line, exit 1, nothing left running.
import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {skip} from '../case.mjs';
import {freePorts, takePort} from '../ports.mjs';
import {processesIn} from '../processes.mjs';
import {newDataDir, refusedUp, Server} from '../server.mjs';

function assertOneLine(refusal, ...wanted) {
	assert.equal(refusal.code, 1, refusal.errorLines.join('\n'));
	assert.equal(refusal.errorLines.length, 1, refusal.errorLines.join('\n'));
	assert.doesNotMatch(refusal.out, /ready:/);
	for (const text of wanted) assert.ok(refusal.errorLines[0].includes(text), refusal.errorLines[0]);
}

/** Names, contents, owners, modes and times of all that is in a folder. */
function stateOf(folder) {
	return ['.', ...readdirSync(folder, {recursive: true})].sort().map((name) => {
		const {mode, uid, gid, mtimeMs, ctimeMs, size} = statSync(join(folder, name));
		const content = size < 10_000 && name !== '.' ? readFileSync(join(folder, name), 'utf8') : '';
		return {name, mode, uid, gid, mtimeMs, ctimeMs, size, content};
	});
}

export default async function start(check) {
	const [http, mqtt, webSocket] = await freePorts(3);
	const dataDir = newDataDir();
	const args = [
		...['--data-dir', dataDir, '--http-port', String(http)],
		...['--mqtt-port', String(mqtt), '--mqtt-ws-port', String(webSocket)],
	];

	const options = {'--http-port': http, '--mqtt-port': mqtt, '--mqtt-ws-port': webSocket};
	for (const [option, port] of Object.entries(options)) {
		await check(`a port of ${option} that somebody has is named, with the option`, async () => {
			const holder = await takePort(port);
			const refusal = await refusedUp(args);
			await holder.release();
			assertOneLine(refusal, String(port), option);
			assert.deepEqual(processesIn(dataDir), []);
		});
	}

	await check('a port that somebody holds on every address counts as taken', async () => {
		const holder = await takePort(http, '0.0.0.0');
		const refusal = await refusedUp(args);
		await holder.release();
		assertOneLine(refusal, String(http), '--http-port');
	});

	await check('a folder with files of somebody else is refused, and nothing in it changes', async () => {
		const foreign = newDataDir();
		mkdirSync(foreign, {mode: 0o755});
		writeFileSync(join(foreign, 'precious.txt'), 'mine');
		const before = stateOf(foreign);
		assertOneLine(await refusedUp([...args.slice(2), '--data-dir', foreign]), foreign, '--data-dir');
		assert.deepEqual(stateOf(foreign), before);
	});

	await check('a folder on the way that nobody else may enter is named', async () => {
		if (process.getuid() !== 0) skip('needs root, which becomes another user');
		const closed = newDataDir();
		mkdirSync(closed);
		chmodSync(closed, 0o700);
		const refusal = await refusedUp([...args.slice(2), '--data-dir', join(closed, 'data')]);
		assertOneLine(refusal, closed, '--data-dir');
	});

	await check('an option that does not exist is refused by name', async () => {
		const refusal = await refusedUp([...args, '--colour', 'red']);
		assert.notEqual(refusal.code, 0);
		assert.match(refusal.errorLines.join('\n'), /--colour/);
	});

	await check('a second start on the same data names the process that has it', async () => {
		const server = await Server.start({dataDir, ports: [http, mqtt, webSocket]});
		try {
			assertOneLine(await refusedUp(args), `pid ${server.pid}`, '--data-dir');
			const others = await freePorts(3);
			const elsewhere = ['--http-port', '--mqtt-port', '--mqtt-ws-port'].flatMap((option, i) => [
				option,
				String(others[i]),
			]);
			assertOneLine(
				await refusedUp(['--data-dir', dataDir, ...elsewhere]),
				`pid ${server.pid}`,
			);
			assert.ok(server.childNamed('postgres') && server.childNamed('mosquitto'));
		} finally {
			await server.stop();
		}
	});

	for (const {what, file, content, wanted} of [
		{
			what: 'of a newer earshot',
			file: 'earshot.json',
			content: '{"earshot":99}',
			wanted: ['newer earshot', '--data-dir'],
		},
		{what: 'of a newer PostgreSQL', file: 'postgres/PG_VERSION', content: '99\n', wanted: ['pg_upgrade']},
		{what: 'without its version', file: 'postgres/PG_VERSION', content: '', wanted: ['restore']},
		{
			what: 'with a spoiled control file',
			file: 'postgres/global/pg_control',
			content: 'x'.repeat(8_192),
			wanted: ['damaged', 'restore', 'postgres.log'],
		},
	]) {
		await check(`a data directory ${what} is refused with what to do, and kept as it is`, async () => {
			const path = join(dataDir, file);
			const good = readFileSync(path);
			const base = join(dataDir, 'postgres/base');
			const sizes = () => readdirSync(base, {recursive: true}).sort().map((name) => [
				name,
				statSync(join(base, name)).size,
			]);
			const before = sizes();
			writeFileSync(path, content); // Its owner and mode stay.
			assertOneLine(await refusedUp(args), ...wanted);
			assert.equal(readFileSync(path, 'utf8'), content);
			assert.deepEqual(sizes(), before);
			assert.deepEqual(processesIn(dataDir), []);
			writeFileSync(path, good);
		});
	}

	await check('when the damage is undone it starts again', async () => {
		const server = await Server.start({dataDir, ports: [http, mqtt, webSocket]});
		await server.stop();
	});
}
