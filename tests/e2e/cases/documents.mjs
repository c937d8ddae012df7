// What docs/http-api.md tells people to type does what it says.
import assert from 'node:assert/strict';
import {fileURLToPath} from 'node:url';

import {Server} from '../server.mjs';
import {differences, examplesIn, isAsShown, Shell} from '../transcript.mjs';

const fileOf = (name) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

async function withShell(body) {
	const server = await Server.start();
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
}
