import {execFileSync, spawn} from 'node:child_process';
import {appendFileSync} from 'node:fs';
import {join} from 'node:path';

import {request} from '../../e2e/client.mjs';
import {freePorts} from '../../e2e/ports.mjs';
import {until} from '../../e2e/until.mjs';

const account = 'second';
const password = 'of the second bridge';

/** The broker lets a second bridge in, until it is started anew. */
function letIn(server) {
	const folder = join(server.dataDir, 'mosquitto');
	execFileSync('mosquitto_passwd', ['-b', join(folder, 'passwords'), account, password]);
	appendFileSync(join(folder, 'access.conf'), `\nuser ${account}\ntopic write earshot/v1/#\n`);
	process.kill(server.childNamed('mosquitto').pid, 'SIGHUP');
}

/** `earshot serve` with all roles, beside an `earshot up`: the same database, the same broker. */
export class SecondProcess {
	static async start(server) {
		letIn(server);
		const [http] = await freePorts(1);
		const second = new SecondProcess(server, http);
		await until('the second process is ready', async () => {
			if (second.hasEnded) throw new Error(`it ended: ${second.said}`);
			const {body} = await request(`${second.url}/readyz`);
			return body.ready;
		}, 60).catch(async (error) => {
			await second.stop();
			throw new Error(`${error.message}; it said: ${second.said}`);
		});
		return second;
	}

	constructor(server, http) {
		const secret = server.file('postgres/earshot.password').trim();
		const port = server.file('postgres.port').trim();
		this.url = `http://127.0.0.1:${http}`;
		this.said = '';
		this.hasEnded = false;
		const child = spawn(process.env.EARSHOT_BINARY, [
			...['serve', '--http-port', String(http), '--data-dir', join(server.dataDir, '..', 'second')],
			...['--token-key-file', join(server.dataDir, 'token-keys.json'), '--rate-limits', 'off'],
			...['--mqtt-url', `mqtt://127.0.0.1:${server.ports.mqtt}`],
			...['--mqtt-port', String(server.ports.mqtt), '--mqtt-ws-port', String(server.ports.webSocket)],
		], {
			cwd: join(server.dataDir, '..'),
			env: {
				PATH: process.env.PATH,
				EARSHOT_DATABASE_URL: `postgresql://earshot:${secret}@127.0.0.1:${port}/earshot`,
				EARSHOT_MQTT_USERNAME: account,
				EARSHOT_MQTT_PASSWORD: password,
			},
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		for (const output of [child.stdout, child.stderr]) output.on('data', (text) => (this.said += text));
		this.pid = child.pid;
		this.exited = new Promise((resolve) => child.once('close', resolve));
		void this.exited.then(() => (this.hasEnded = true));
	}

	async stop() {
		if (!this.hasEnded) process.kill(this.pid, 'SIGTERM');
		await this.exited;
	}
}
