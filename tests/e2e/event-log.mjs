import {execFile, spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';

/** The database of a server, read with psql as an operator reads it: the truth about events. */
export class EventLog {
	constructor(server) {
		this.server = server;
	}

	#access() {
		const env = {
			PATH: process.env.PATH,
			PGPASSWORD: this.server.file('postgres/earshot.password').trim(),
		};
		const port = this.server.file('postgres.port').trim();
		const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'];
		return {args: [...args, '-h', '127.0.0.1', '-p', port, '-U', 'earshot', 'earshot'], env};
	}

	/** All events, oldest first: `{offset, prev, subject, cell}`. */
	async events() {
		return this.query(`
			select coalesce(json_agg(json_build_object('offset', event_offset, 'prev', prev,
				'subject', subject, 'cell', cell) order by event_offset), '[]') from engine.event`);
	}

	/** What is kept of a request with its job: `{caller, request_id, traceparent}`; undefined: no job. */
	async origin(requestId) {
		const jobs = await this.query(`
			select coalesce(json_agg(json_build_object('caller', caller, 'request_id', request_id,
				'traceparent', traceparent)), '[]') from engine.job where request_id = '${requestId}'`);
		return jobs[0];
	}

	/** True when the broker has accepted every event. */
	isRelayed() {
		return this.query(`
			select to_json(relayed_offset = engine.newest_offset()) from engine.relay`);
	}

	/** The JSON that a statement selects. */
	async query(sql) {
		const {args, env} = this.#access();
		const options = {env, maxBuffer: 100_000_000, timeout: 20_000};
		const {stdout} = await promisify(execFile)('psql', [...args, '-c', sql], options);
		return JSON.parse(stdout);
	}

	/**
	 * Keeps everybody from leading the relay, until `release()`: it may publish no more, for before
	 * it connects to a broker it renews its lease, which is in the row that is locked here.
	 */
	async holdRelay() {
		const {args, env} = this.#access();
		const child = spawn('psql', args, {env, stdio: ['pipe', 'pipe', 'inherit']});
		const exited = new Promise((resolve) => child.once('close', resolve));
		child.stdin.write("begin;\nselect 'held ' || name from engine.leader for update;\n");
		for await (const line of createInterface({input: child.stdout})) {
			if (line.startsWith('held')) break;
		}
		return {
			release: async () => {
				child.stdin.end('commit;\n');
				await exited;
			},
		};
	}
}
