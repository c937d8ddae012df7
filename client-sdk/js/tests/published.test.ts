import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(...script: string[]): string {
	return execFileSync('npm', ['run', '--silent', ...script], {cwd: root, encoding: 'utf8'});
}

it('the sources are strict TypeScript', () => {
	expect(run('check')).toBe('');
});

it('what is published has types that resolve and files that exist', () => {
	run('build');
	const said = run('lint:package');
	expect(said).toContain('All good!');
	expect(said.match(/node16 \(from ESM\): 🟢/g)).toHaveLength(5);
});

it('what is published works in plain Node', () => {
	const program = `
		import {Earshot, guestToken} from '@earshot/client';
		import {cover} from '@earshot/client/geo';
		import {MqttTransport} from '@earshot/client/mqtt';
		import {FeedCore} from '@earshot/client/feed';
		const cells = cover({lat: 0, lon: 0, radius_m: 10}).length;
		console.log(typeof Earshot, typeof guestToken, typeof MqttTransport, typeof FeedCore, cells);`;
	const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
		cwd: root,
		encoding: 'utf8',
	});
	expect(said.trim()).toBe('function function function function 4');
});
