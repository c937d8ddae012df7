import {spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';

import {Client} from './client.mjs';
import {command} from './command.mjs';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const example = pathOf('../../client-sdk/js/examples/worker.mjs');

/** What a server takes to know the kind `acme.render`. */
export const withKinds = ['--config', pathOf('workers/earshot.toml')];

/** A client with a role. */
export async function clientWith(server, role) {
	const {out} = await command(server, ['token', 'mint', '--sub', 'acme', '--role', role]);
	return new Client(server.url, {token: out, sub: 'acme'});
}

/** The example worker, running. */
export class ExampleWorker {
	constructor(client) {
		this.child = spawn(process.execPath, [example, client.url], {
			env: {EARSHOT_TOKEN: client.token},
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		this.said = '';
		this.child.stderr.setEncoding('utf8').on('data', (text) => (this.said += text));
		this.exited = new Promise((resolve) => this.child.once('close', resolve));
	}

	async end(signal = 'SIGTERM') {
		this.child.kill(signal);
		await this.exited;
	}
}
