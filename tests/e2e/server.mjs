import {spawn} from 'node:child_process';
import {appendFileSync, existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

import {freePorts} from './ports.mjs';
import {childrenOf, familyOf, kill, processesIn} from './processes.mjs';
import {until} from './until.mjs';

const scratch = process.env.EARSHOT_TEST_SCRATCH;
const binary = process.env.EARSHOT_BINARY;

let folders = 0;

/** A path for a data directory that does not exist yet. */
export function newDataDir() {
	return join(scratch, `data-${++folders}`);
}

/** Starts `earshot up` with nothing of our environment; it may do or refuse whatever it wants. */
function launch(args) {
	const child = spawn(binary, ['up', ...args], {
		cwd: '/',
		env: {PATH: process.env.PATH, HOME: process.env.HOME ?? '/'},
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: true, // A Ctrl-C of the terminal is ours to hand on.
	});
	const said = {out: '', err: ''};
	child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
	child.stderr.setEncoding('utf8').on('data', (text) => (said.err += text));
	const exited = new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve({code, signal}));
	});
	return {child, said, exited};
}

/** Runs `earshot up` that is expected to refuse. Errors: it did not end within 30 s. */
export async function refusedUp(args) {
	const {child, said, exited} = launch(args);
	const timer = setTimeout(() => kill(child.pid), 30_000);
	const {code} = await exited;
	clearTimeout(timer);
	if (code === null) throw new Error(`it did not refuse, but said: ${said.out}${said.err}`);
	return {code, out: said.out, errorLines: said.err.split('\n').filter(Boolean)};
}

/** A real `earshot up`, ready for requests. */
export class Server {
	/** Errors: an Error with what it said, when it ends or is not ready within `within_s`. */
	static async start({dataDir = newDataDir(), args = [], ports, within_s = 60} = {}) {
		const [http, mqtt, webSocket] = ports ?? (await freePorts(3));
		const server = new Server(dataDir, {http, mqtt, webSocket}, args);
		try {
			await server.#ready(within_s);
		} catch (error) {
			await server.killFamily();
			throw error;
		}
		return server;
	}

	constructor(dataDir, ports, args) {
		this.dataDir = dataDir;
		this.ports = ports;
		this.start_ms = Date.now();
		Object.assign(
			this,
			launch([
				...['--data-dir', dataDir, '--http-port', String(ports.http)],
				...['--mqtt-port', String(ports.mqtt), '--mqtt-ws-port', String(ports.webSocket)],
				...args,
			]),
		);
		this.pid = this.child.pid;
		this.hasEnded = false;
		void this.exited.then(() => (this.hasEnded = true));
	}

	async #ready(within_s) {
		await until(
			'the server is ready',
			() => {
				if (this.hasEnded) return true;
				this.url = /^ready: (\S+)$/m.exec(this.said.out)?.[1];
				return this.url;
			},
			within_s,
		).catch((error) => {
			throw new Error(`${error.message}; it said: ${this.said.out}${this.said.err}`);
		});
		if (!this.url) throw new Error(`it ended: ${this.said.out}${this.said.err}`);
		this.ready_s = (Date.now() - this.start_ms) / 1_000;
		// Where PostgreSQL has its socket; who is killed leaves it, and tests/e2e/run removes it.
		const sockets = this.file('postgres/postmaster.pid')?.split('\n')[4];
		if (sockets) appendFileSync(join(scratch, 'sockets'), `${sockets}\n`);
	}

	/** The same data and ports again. */
	async again(options) {
		const {http, mqtt, webSocket} = this.ports;
		return Server.start({dataDir: this.dataDir, ports: [http, mqtt, webSocket], ...options});
	}

	/** The child that is called `postgres` or `mosquitto`; undefined while it is away. */
	childNamed(name) {
		return childrenOf(this.pid).find((child) => child.name === name);
	}

	/** Kills one of the two servers, as the kernel does when memory runs out. */
	killChild(name) {
		const child = this.childNamed(name);
		if (!child) throw new Error(`${name} does not run`);
		kill(child.pid);
		return child.pid;
	}

	/** Asks it to stop, where it still runs, and returns how it ended and how long that took. */
	async stop(signal = 'SIGTERM') {
		const start_ms = Date.now();
		if (!this.hasEnded) process.kill(this.pid, signal);
		const timer = setTimeout(() => this.killFamily(), 30_000);
		const {code, signal: killedBy} = await this.exited;
		clearTimeout(timer);
		return {code, killedBy, seconds: (Date.now() - start_ms) / 1_000};
	}

	/** kill -9 of the process alone; what becomes of its children is its own affair. */
	async kill() {
		kill(this.pid);
		await this.exited;
	}

	/** kill -9 of everything at once, like a loss of power. */
	async killFamily() {
		for (const {pid} of familyOf(this.pid)) kill(pid);
		await this.exited;
	}

	/** What still runs of it. */
	leftovers() {
		return processesIn(this.dataDir).map(({pid, name}) => `${name} (pid ${pid})`);
	}

	file(path) {
		return existsSync(join(this.dataDir, path))
			? readFileSync(join(this.dataDir, path), 'utf8')
			: undefined;
	}
}
