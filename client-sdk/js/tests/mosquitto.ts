import {spawn, type ChildProcess} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, connect, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const startDeadline_ms = 10_000;

/** A real Mosquitto of our own, on ports that were free. */
export class Mosquitto {
	#process: ChildProcess | undefined;
	readonly #folder = mkdtempSync(join(tmpdir(), 'earshot-sdk-'));
	tcpPort = 0;
	wsPort = 0;

	async start(rules: string): Promise<void> {
		this.tcpPort ||= await freePort();
		this.wsPort ||= await freePort();
		const file = join(this.#folder, 'mosquitto.conf');
		const acl = join(this.#folder, 'acl');
		writeFileSync(acl, rules);
		writeFileSync(
			file,
			`listener ${this.tcpPort} 127.0.0.1\nlistener ${this.wsPort} 127.0.0.1\n` +
				'protocol websockets\nsocket_domain ipv4\nallow_anonymous true\nset_tcp_nodelay true\n' +
				`acl_file ${acl}\n${process.getuid?.() === 0 ? 'user root\n' : ''}`,
		);
		const command = '/usr/sbin/mosquitto';
		this.#process = spawn(command, ['-c', file], {stdio: 'ignore'});
		await this.#accepts(this.tcpPort);
		await this.#accepts(this.wsPort);
	}

	/** Without a word to its clients. */
	async kill(): Promise<void> {
		const ended = new Promise((resolve) => this.#process?.once('exit', resolve));
		this.#process?.kill('SIGKILL');
		await ended;
		this.#process = undefined;
	}

	async remove(): Promise<void> {
		if (this.#process) await this.kill();
		rmSync(this.#folder, {recursive: true, force: true});
	}

	async #accepts(port: number): Promise<void> {
		const end_ms = performance.now() + startDeadline_ms;
		while (performance.now() < end_ms) {
			if (await canConnect(port)) return;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		throw new Error(`Mosquitto does not listen on ${port}`);
	}
}

function canConnect(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.once('connect', () => resolve(true));
		socket.once('error', () => resolve(false));
		socket.once('connect', () => socket.destroy());
	});
}

function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const {port} = server.address() as AddressInfo;
			server.close(() => resolve(port));
		});
	});
}
