import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {until} from './until.mjs';

const mark = '\x1e';

/** The examples of a Markdown file: `{line, command, shown}`; `shown` is undefined in `bash` blocks. */
export function examplesIn(markdown) {
	const examples = [];
	let kind;
	for (const [i, text] of markdown.split('\n').entries()) {
		const fence = /^```(\w*)$/.exec(text);
		if (fence) {
			kind = kind === undefined ? fence[1] : undefined;
			continue;
		}
		const last = examples.at(-1);
		const goesOn = last?.command.endsWith('\\') && last.end === i;
		if (kind === 'console' && text.startsWith('$ ')) {
			examples.push({line: i + 1, end: i + 1, command: text.slice(2), shown: ''});
		} else if (goesOn && (kind === 'console' || kind === 'bash')) {
			Object.assign(last, {end: i + 1, command: `${last.command}\n${text}`});
		} else if (kind === 'console') {
			last.shown += `${text}\n`;
		} else if (kind === 'bash' && text.trim() !== '' && !text.startsWith('#')) {
			examples.push({line: i + 1, end: i + 1, command: text, shown: undefined});
		}
	}
	return examples;
}

// What is another at every run. The first that fits at a place is taken.
const variable = [
	['…', '.*?'],
	['\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{3})?Z'],
	['guest-[0-9a-z]{16}(?:\\.[0-9a-z]{10})?'],
	['[0-9a-f]{14,16}-1:\\d+'],
	['"[\\w-]{43}"'], // An ETag.
	['(?<![0-9A-Za-z])0[0-9a-hjkmnp-tv-z]{12}'], // A job.
	['"guests";r=\\d+;t=\\d+'],
	['"author_name":"[A-Za-z]+"'],
];
const oneOfThem = new RegExp(variable.map(([pattern]) => `(${pattern})`).join('|'), 'g');

/** An expression that what a document shows must match, without regard to white space. */
function expressionOf(shown) {
	let expression = '';
	let end = 0;
	for (const found of shown.matchAll(oneOfThem)) {
		const place = found.slice(1).findIndex((group) => group !== undefined);
		expression += escaped(shown.slice(end, found.index)) + (variable[place][1] ?? variable[place][0]);
		end = found.index + found[0].length;
	}
	return new RegExp(`^${expression}${escaped(shown.slice(end))}$`);
}

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const squeezed = (text) => text.replaceAll(/\s+/g, '');

/** Of an answer with its head, only those headers that the document shows too. */
function withoutOtherHeaders(printed, shown) {
	if (!printed.startsWith('HTTP/')) return printed;
	const [head, ...body] = printed.replaceAll('\r', '').split('\n\n');
	const lines = head.split('\n').filter((line, i) => {
		return i === 0 || shown.includes(`\n${line.split(':')[0]}:`);
	});
	return [lines.join('\n'), ...body].join('\n\n');
}

/** Whether a command printed what the document shows; `…` and what is new at every run may differ. */
export function isAsShown(printed, shown) {
	return expressionOf(squeezed(shown)).test(squeezed(withoutOtherHeaders(printed, shown)));
}

/** A shell in which the commands of a document are typed one after the other. */
export class Shell {
	#printed = '';
	#child;

	/** Commands name the usual ports and paths; they reach those of `server`. */
	constructor(server) {
		this.server = server;
		const folder = mkdtempSync(join(process.env.EARSHOT_TEST_SCRATCH, 'shell-'));
		// With its own messages, so that one can wait until it listens.
		const listener = '#!/bin/sh\nexec stdbuf -oL /usr/bin/mosquitto_sub -d "$@"\n';
		writeFileSync(join(folder, 'mosquitto_sub'), listener, {mode: 0o755});
		this.#child = spawn('bash', [], {
			cwd: folder,
			env: {
				PATH: `${folder}:${process.env.PATH}`,
				HOME: process.env.HOME ?? '/',
				EARSHOT_DATA_DIR: server.dataDir,
			},
		});
		this.ended = new Promise((resolve) => this.#child.once('close', resolve));
		for (const output of [this.#child.stdout, this.#child.stderr]) {
			output.setEncoding('utf8').on('data', (text) => (this.#printed += text));
		}
	}

	/** Everything that was printed so far. */
	get printed() {
		return this.#printed.replaceAll(mark, '');
	}

	/** Runs one command, and returns what it printed. One in the background listens when it returns. */
	async run(command) {
		const {ports} = this.server;
		const start = this.#printed.length;
		const here = command
			.replaceAll('localhost:8080', `localhost:${ports.http}`)
			.replaceAll('-p 1883', `-p ${ports.mqtt}`)
			.replaceAll('build/release/bin/earshot', process.env.EARSHOT_BINARY);
		this.#child.stdin.write(`${here}\nprintf '\\036'\n`);
		const isBackground = command.trimEnd().endsWith('&');
		await until(`this has ended: ${command}`, () => {
			const news = this.#printed.slice(start);
			return news.includes(mark) && (!isBackground || news.includes('received SUBACK'));
		}, 30);
		return this.#printed
			.slice(start)
			.replaceAll(mark, '')
			.replaceAll(`localhost:${ports.webSocket}`, 'localhost:9001')
			.replaceAll(`localhost:${ports.mqtt}`, 'localhost:1883');
	}

	async end() {
		this.#child.stdin.end('kill $(jobs -p) 2>/dev/null\n');
		await this.ended;
	}
}

/** Runs all examples of a file, in order. Returns what was not as shown, as sentences. */
export async function differences(shell, path) {
	const wrong = [];
	for (const {line, command, shown} of examplesIn(readFileSync(path, 'utf8'))) {
		const printed = await shell.run(command);
		if (shown === undefined || isAsShown(printed, shown)) continue;
		wrong.push(`${path}:${line}: ${command}\n  shown: ${shown}\n  printed: ${printed}`);
	}
	return wrong;
}
