// A Mosquitto of one's own, with TLS, from what `earshot broker config` writes.
import assert from 'node:assert/strict';
import {execFile, execFileSync, spawn} from 'node:child_process';
import {chmodSync, mkdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';

import {freePorts} from '../ports.mjs';
import {newDataDir} from '../server.mjs';
import {until} from '../until.mjs';

const run = promisify(execFile);

/** Publishes as the bridge would; what mosquitto_pub said. */
function publish({port, password, tls}) {
	return run('mosquitto_pub', [
		...['-h', 'localhost', '-p', `${port}`, '-i', 'relay-1', '-u', 'relay', '-P', password],
		...(tls ? ['--cafile', tls] : []),
		...['-V', 'mqttv5', '-q', '1', '-d', '-t', 'earshot/v1/status', '-m', 'online'],
	], {timeout: 10_000}).then(({stdout}) => stdout, ({stdout, stderr}) => `${stdout}${stderr}`);
}

export default async function brokerConfig(check) {
	const folder = newDataDir();
	mkdirSync(folder, {mode: 0o755});
	const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
	execFileSync('openssl', [
		...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
		...['-keyout', key, '-out', certificate],
		...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
	], {stdio: 'ignore'});
	const broker = join(folder, 'broker');
	const [mqtt, webSocket, tls] = await freePorts(3);
	const config = (args) => run(process.env.EARSHOT_BINARY, ['broker', 'config', ...args]);

	await check('the configuration is printed, each setting with its reason, and nothing is written', async () => {
		const {stdout} = await config(['--mqtt-port', `${mqtt}`]);
		assert.match(stdout, new RegExp(`^listener ${mqtt} 127\\.0\\.0\\.1$`, 'm'));
		assert.match(stdout, /^per_listener_settings false$/m);
		assert.match(stdout, /^allow_anonymous false$/m);
		assert.ok(!/@\w+@/.test(stdout));
	});

	await check('half of a certificate is refused', async () => {
		const error = await config(['--tls-cert', certificate]).catch((refusal) => refusal);
		assert.match(error.stderr, /--tls-cert and --tls-key belong together/);
	});

	await check('a broker runs on what was written: the bridge enters by TLS and TCP, nobody else', async () => {
		const args = ['--folder', broker, '--mqtt-port', `${mqtt}`, '--mqtt-ws-port', `${webSocket}`];
		const tlsArgs = ['--tls-cert', certificate, '--tls-key', key, '--mqtt-tls-port', `${tls}`];
		const {stdout} = await config([...args, ...tlsArgs]);
		assert.match(stdout, /--broker-dir=/);
		const secret = join(broker, 'relay-password');
		assert.equal((statSync(secret).mode & 0o777).toString(8), '600');
		if (process.getuid() === 0) {
			execFileSync('chgrp', ['-R', 'mosquitto', broker, key]);
			chmodSync(key, 0o640);
		}
		const child = spawn('mosquitto', ['-c', join(broker, 'mosquitto.conf')], {stdio: 'ignore'});
		try {
			const password = readFileSync(secret, 'utf8').trim();
			await until('it takes a message by TLS', async () =>
				/PUBACK \(Mid: 1, RC:(0|16)\)/.test(await publish({port: tls, password, tls: certificate})));
			assert.match(await publish({port: mqtt, password}), /PUBACK/);
			assert.match(await publish({port: mqtt, password: 'wrong'}), /not authori[sz]ed/i);
			assert.ok(!/PUBACK/.test(await publish({port: tls, password})));

			await config([...args, ...tlsArgs]);
			assert.equal(readFileSync(secret, 'utf8').trim(), password, 'the bridge keeps its password');
		} finally {
			child.kill('SIGKILL');
			await new Promise((resolve) => child.once('exit', resolve));
		}
	});
}
