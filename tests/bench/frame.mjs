import {execFileSync} from 'node:child_process';
import {mkdirSync, statfsSync, writeFileSync} from 'node:fs';
import {cpus, loadavg, release, totalmem} from 'node:os';
import {join} from 'node:path';

/** A figure that must not be believed: something was lost, refused or late. */
export class Invalid extends Error {}

/** Errors: Invalid, unless `condition`. */
export function insist(condition, complaint) {
	if (!condition) throw new Invalid(complaint);
}

/** The value below which `part` of the values are. */
export function percentile(values, part) {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** What the runs of one benchmark measured: rows by label, each with figures by name. */
export class Samples {
	#rows = new Map();

	add(label, figures) {
		const row = this.#rows.get(label) ?? new Map();
		this.#rows.set(label, row);
		for (const [name, value] of Object.entries(figures)) {
			insist(Number.isFinite(value), `${label}: ${name} is not a number`);
			row.set(name, [...(row.get(name) ?? []), value]);
		}
	}

	/** Medians, with the least and the most: what a single run might have said. */
	rows() {
		return [...this.#rows].map(([label, row]) => ({
			label,
			figures: Object.fromEntries(
				[...row].map(([name, samples]) => [
					name,
					{
						median: percentile(samples, 0.5),
						least: Math.min(...samples),
						most: Math.max(...samples),
						samples,
					},
				]),
			),
		}));
	}
}

function said(program, ...args) {
	try {
		return execFileSync(program, args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
	} catch (error) {
		return error.stdout ?? ''; // mosquitto -h and wrk -v end with 1 and 3.
	}
}

const fileSystems = new Map([
	[0xef53, 'ext4'],
	[0x58465342, 'xfs'],
	[0x9123683e, 'btrfs'],
	[0x794c7630, 'overlay'],
	[0x01021994, 'tmpfs'],
]);

/** Where the figures were measured. Errors: Invalid, where nothing written is ever on a disk. */
export function machine(scratch) {
	const type = statfsSync(scratch).type;
	insist(type !== 0x01021994, `${scratch} is in memory: set TMPDIR to a folder on a disk`);
	return {
		cores: cpus().length,
		cpu: cpus()[0].model,
		memory_gib: Math.round(totalmem() / 2 ** 30),
		kernel: release(),
		file_system: fileSystems.get(type) ?? `0x${type.toString(16)}`,
		load_before: loadavg()[0],
	};
}

export function versions(root) {
	const commit = said('git', '-C', root, '-c', 'safe.directory=*', 'rev-parse', '--short', 'HEAD').trim();
	const changes = said('git', '-C', root, '-c', 'safe.directory=*', 'status', '--porcelain').trim();
	return {
		earshot: commit === '' ? 'unknown' : commit + (changes === '' ? '' : ' and changes'),
		compiler: said('c++', '--version').split('\n')[0],
		postgresql: said('/usr/lib/postgresql/15/bin/postgres', '--version').trim(),
		mosquitto: said('mosquitto', '-h').split('\n')[0],
		node: process.version,
		wrk: said('wrk', '-v').split('\n')[0].split(' [')[0],
	};
}

function digits(value) {
	if (value >= 100) return value.toFixed(0);
	return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The rows for people: the median, and in brackets how far the runs were apart. */
export function table(rows) {
	const names = [...new Set(rows.flatMap(({figures}) => Object.keys(figures)))];
	const cell = (figure) =>
		figure ? `${digits(figure.median)} (${digits(figure.least)}–${digits(figure.most)})` : '';
	const lines = [
		['', ...names],
		...rows.map(({label, figures}) => [label, ...names.map((name) => cell(figures[name]))]),
	];
	const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
	return lines
		.map((line) =>
			line
				.map((text, at) => (at === 0 ? text.padEnd(widths[at]) : text.padStart(widths[at])))
				.join('  ')
				.trimEnd(),
		)
		.join('\n');
}

/** Writes what a program can compare; returns where. */
export function save(folder, report) {
	mkdirSync(folder, {recursive: true});
	const path = join(folder, `${report.benchmark}-${report.at.replaceAll(/[:.]/g, '-')}.json`);
	writeFileSync(path, `${JSON.stringify(report, null, '\t')}\n`);
	return path;
}
