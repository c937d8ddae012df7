import {readFileSync} from 'node:fs';
import {createServer} from 'node:net';

/** Holds a port like another program on the machine, until `release()`. Errors: EADDRINUSE. */
export function takePort(port, host = '127.0.0.1') {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen({port, host}, () => {
			resolve({port, release: () => new Promise((done) => server.close(done))});
		});
	});
}

const given = new Set(); // Whoever got one may take a while to listen on it.

/** Ports that nobody listens on, below those which the kernel lends to outgoing connections. */
export async function freePorts(count) {
	const taken = [];
	while (taken.length < count) {
		const port = 10_000 + Math.floor(Math.random() * 9_000);
		if (given.has(port)) continue;
		given.add(port);
		try {
			taken.push(await takePort(port, '0.0.0.0'));
		} catch (error) {
			if (error.code !== 'EADDRINUSE') throw error;
		}
	}
	await Promise.all(taken.map((each) => each.release()));
	return taken.map((each) => each.port);
}

/** The addresses that somebody listens on for a port: `0100007F` is 127.0.0.1. */
export function listeningAddresses(port) {
	const hex = port.toString(16).toUpperCase().padStart(4, '0');
	return ['tcp', 'tcp6'].flatMap((family) =>
		readFileSync(`/proc/net/${family}`, 'utf8')
			.split('\n')
			.map((line) => line.trim().split(/\s+/))
			.filter(([, local, , state]) => state === '0A' && local.endsWith(`:${hex}`))
			.map(([, local]) => local.split(':')[0]),
	);
}
