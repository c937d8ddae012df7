// What README.md, docs/http-api.md and docs/workers.md tell people to type does what they say.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

import {Server} from '../server.mjs';
import {differences, examplesIn, isAsShown, Shell} from '../transcript.mjs';
import {until} from '../until.mjs';
import {withKinds} from '../worker.mjs';

const fileOf = (name) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

async function withShell(body, args = []) {
	const server = await Server.start({args});
	try {
		const shell = new Shell(server);
		try {
			await body(shell);
		} finally {
			await shell.end();
		}
	} finally {
		await server.stop();
	}
}

export default async function documents(check) {
	await check('an example that prints something else is noticed', async () => {
		const shown = 'HTTP/1.1 202 Accepted\nRetry-After: 1\n\n{"id":"06ypna2xm0000","at":"…"}\n';
		const printed = 'HTTP/1.1 202 Accepted\r\nDate: x\r\nRetry-After: 1\r\n\r\n{"id":"06zzzz2xm0001","at":"2"}';
		assert.ok(isAsShown(printed, shown));
		for (const [from, to] of [['202', '200'], ['After: 1', 'After: 2'], ['"at"', '"on"'], ['Retry', 'Re']]) {
			assert.ok(!isAsShown(printed.replace(from, to), shown), to);
		}
		assert.ok(!isAsShown(`${printed}more`, shown));
		assert.deepEqual(
			examplesIn('```bash\n# why\nA=1\n```\n```console\n$ b \\\n    c\nd\n```\n').map(
				({command, shown: is}) => [command, is],
			),
			[['A=1', undefined], ['b \\\n    c', 'd\n']],
		);
	});

	await check('docs/http-api.md prints what it shows, from the first example to the last', () =>
		withShell(async (shell) => {
			assert.deepEqual((await differences(shell, fileOf('docs/http-api.md'))).join('\n'), '');
		}), {limit_s: 120});

	await check('docs/workers.md prints what it shows, from the first example to the last', () =>
		withShell(async (shell) => {
			assert.deepEqual((await differences(shell, fileOf('docs/workers.md'))).join('\n'), '');
		}, withKinds), {limit_s: 120});

	await check('README.md: asked, heard, polled, waited for, cancelled', () =>
		withShell(async (shell) => {
			const readme = readFileSync(fileOf('README.md'), 'utf8');
			const story = readme.slice(readme.indexOf('## Ask here, hear it there'));
			for (const {command, shown} of examplesIn(story)) {
				if (shown === undefined && !/cmake|scripts/.test(command)) await shell.run(command);
			}
			for (const sight of [
				/^HTTP\/1\.1 202 Accepted/m,
				/"type":"question\.asked"/,
				/^HTTP\/1\.1 200 OK[\s\S]*"state":"completed"/m,
				/"state": "completed"/,
				/"state":"cancelled"/,
				/"mine": true/,
			]) {
				await until(`the story shows ${sight}`, () => sight.test(shell.printed)).catch((error) => {
					throw new Error(`${error.message}; it printed: ${shell.printed}`);
				});
			}
		}), {limit_s: 120});
}
