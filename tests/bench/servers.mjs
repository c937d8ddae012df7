import {execFileSync, spawn} from 'node:child_process';
import {readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';

import {freePorts} from '../e2e/ports.mjs';
import {Server} from '../e2e/server.mjs';
import {until} from '../e2e/until.mjs';

const scratch = process.env.EARSHOT_TEST_SCRATCH;

/** What one SQL statement gives, as `psql` prints it. */
export function query(url, sql) {
	return execFileSync('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-Atc', sql, url], {
		encoding: 'utf8',
		maxBuffer: 2 ** 26,
	}).trim();
}

function urlOf(dataDir, port) {
	const password = readFileSync(join(dataDir, 'postgres/earshot.password'), 'utf8').trim();
	return `postgresql://earshot:${password}@127.0.0.1:${port}/earshot`;
}

/** The database of a running `earshot up`. */
export function databaseOf(server) {
	return urlOf(server.dataDir, server.file('postgres/postmaster.pid').split('\n')[3]);
}

async function stop(child) {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	child.kill('SIGINT');
	const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
	await ended;
	clearTimeout(timer);
}

function environmentOf(pid) {
	const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
	return Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s)));
}

/** The product's own PostgreSQL: made, set and migrated by `earshot up`, with nobody else on it. */
export class Database {
	static async start() {
		const up = await Server.start();
		const env = environmentOf(up.file('postgres/postmaster.pid').split('\n')[0]);
		await up.stop();
		const [port] = await freePorts(1);
		const folder = join(up.dataDir, 'postgres');
		const {uid, gid} = statSync(folder);
		const child = spawn(
			'/usr/lib/postgresql/15/bin/postgres',
			['-D', folder, '-p', port, '-h', '127.0.0.1', '-c', 'unix_socket_directories='],
			{cwd: folder, uid, gid, env, stdio: ['ignore', 'ignore', 'ignore']},
		);
		const database = new Database(child, urlOf(up.dataDir, port));
		await until('PostgreSQL answers', () => {
			try {
				return database.query('select 1') === '1';
			} catch {
				return false;
			}
		});
		for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
			if (database.query(`show ${setting}`) !== 'on') throw new Error(`${setting} is off`);
		}
		return database;
	}

	constructor(child, url) {
		this.child = child;
		this.url = url;
	}

	query(sql) {
		return query(this.url, sql);
	}

	stop() {
		return stop(this.child);
	}
}

/** `earshot serve` with the route that stores nothing, on a database of its own. */
export class BenchServer {
	static async start(database, roles) {
		const [port] = await freePorts(1);
		const child = spawn(
			process.env.EARSHOT_BENCH_SERVER,
			[
				...['--roles', roles, '--http-port', port, '--data-dir', scratch],
				...['--token-key-file', join(scratch, 'bench-keys.json')],
			],
			{
				env: {PATH: process.env.PATH, EARSHOT_DATABASE_URL: database.url, EARSHOT_RATE_LIMITS: 'off'},
				stdio: ['ignore', 'pipe', 'inherit'],
			},
		);
		const server = new BenchServer(child, `http://127.0.0.1:${port}`);
		let said = '';
		child.stdout.on('data', (text) => (said += text));
		await until('the bench server is ready', () => {
			if (child.exitCode !== null) throw new Error(`it ended: ${said}`);
			return said.includes('ready: ');
		});
		return server;
	}

	constructor(child, url) {
		this.child = child;
		this.url = url;
	}

	stop() {
		return stop(this.child);
	}
}

export {Server};
