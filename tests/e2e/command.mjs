import {execFile} from 'node:child_process';

/** Runs a subcommand of the binary at a server's data, with `input` as its standard input. */
export function command(server, args, input = '') {
	return new Promise((resolve) => {
		const child = execFile(
			process.env.EARSHOT_BINARY,
			[...args, '--data-dir', server.dataDir],
			{env: {PATH: process.env.PATH, HOME: process.env.HOME ?? '/'}, timeout: 20_000},
			(error, stdout, stderr) => resolve({code: error ? error.code : 0, out: stdout.trim(), stderr}),
		);
		child.stdin.end(input);
	});
}
