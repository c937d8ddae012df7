import {readdirSync, readFileSync, readlinkSync} from 'node:fs';

/** What the kernel knows of a process; undefined when it is gone. */
function look(pid) {
	try {
		// The name is in brackets and may hold anything, so the fields are counted from its end.
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		if (fields[0] === 'Z') return undefined; // Dead, and not yet waited for.
		const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
		return {
			pid,
			parent: Number(fields[1]),
			name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
			command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
			uid: Number(uid),
		};
	} catch {
		return undefined;
	}
}

export function allProcesses() {
	const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
	return pids.map((pid) => look(Number(pid))).filter(Boolean);
}

export function childrenOf(pid) {
	return allProcesses().filter(({parent}) => parent === pid);
}

/** A process and all that it started, directly or not. */
export function familyOf(pid) {
	const all = allProcesses();
	const family = all.filter((each) => each.pid === pid);
	for (const {pid: above} of family) family.push(...all.filter(({parent}) => parent === above));
	return family;
}

/** Those that work in a folder or below it: PostgreSQL and Mosquitto do, whoever their parent is. */
export function processesIn(folder) {
	return allProcesses().filter(({pid}) => {
		try {
			return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`);
		} catch {
			return false;
		}
	});
}

/** SIGKILL, also where it has just ended by itself. */
export function kill(pid) {
	try {
		process.kill(pid, 'SIGKILL');
	} catch (error) {
		if (error.code !== 'ESRCH') throw error;
	}
}
