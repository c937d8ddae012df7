import {spawn} from 'node:child_process';

import {insist} from './frame.mjs';
import {engine} from './job-contestants.mjs';
import {Database} from './servers.mjs';
import {until} from '../e2e/until.mjs';

const jobsPerSecond = 20_000; // A guess of how many fit into --seconds.
const waitingBatches = 10_000;

/** Jobs that were accepted an hour ago and wait before whatever comes. */
function makeWait(database) {
	database.query(`
		create temporary table waiting as
			select (engine.first_id_at(now() - interval '1 hour') >> 12) + n as id
			from generate_series(1, ${waitingBatches}) as n;
		insert into engine.job (id, kind, caller, args, max_attempts)
			select (id << 12) + place, 'bench.act', 'own-somebody',
				json_build_object('n', place, 'text', repeat('a', 170)), 5
			from waiting, generate_series(0, 499) as place order by 1;
		insert into engine.batch (id, kind, jobs, bytes)
			select id, 'bench.act', 500, 500 * 190 from waiting order by 1;
	`);
}

/** A transaction with a snapshot, open until its end. */
class OpenTransaction {
	#session;

	static async begin(database) {
		const transaction = new OpenTransaction(database);
		await until('the transaction is open', () => transaction.isOpen());
		return transaction;
	}

	constructor(database) {
		this.database = database;
		this.#session = spawn('psql', ['-qX', '-v', 'ON_ERROR_STOP=1', database.url], {
			stdio: ['pipe', 'ignore', 'inherit'],
			env: {...process.env, PGAPPNAME: 'bench-open'},
		});
		this.#session.stdin.write(`
			set idle_in_transaction_session_timeout = 0;
			begin isolation level repeatable read;
			select count(*) from engine.batch;
		`);
	}

	isOpen() {
		return (
			this.database.query(`select count(*) from pg_stat_activity
				where application_name = 'bench-open' and backend_xmin is not null
				and state = 'idle in transaction'`) === '1'
		);
	}

	end() {
		this.#session.stdin.end();
	}
}

export default {
	name: 'jobs-waiting',
	title: 'jobs per second behind 5 million that wait, and beside a transaction left open',
	limits:
		'As jobs, on three servers that take turns. The oldest are done first, so each job accepted lets one of the waiting ones go. The transaction is REPEATABLE READ and as old as the first run.',
	seconds: 5,

	async measure({runs, seconds, add}) {
		const servers = {
			'with nothing else': await Database.start(),
			'5 million jobs waiting': await Database.start(),
			'a transaction left open': await Database.start(),
		};
		const [plain, waiting, pinned] = Object.values(servers);
		let transaction;
		try {
			makeWait(waiting);
			transaction = await OpenTransaction.begin(pinned);
			for (let run = 0; run < runs; ++run) {
				const perSecond = {};
				for (const [label, database] of Object.entries(servers)) {
					({perSecond: perSecond[label]} = engine(database, 'engine', seconds * jobsPerSecond));
					add(label, {'jobs/s': perSecond[label]});
					if (database === plain) continue;
					add(`${label}, in % of nothing else: at least 80`, {
						'jobs/s': (100 * perSecond[label]) / perSecond['with nothing else'],
					});
				}
			}
			insist(transaction.isOpen(), 'the transaction ended before the runs');
			const left = Number(waiting.query('select count(*) from engine.batch'));
			insist(left >= 0.9 * waitingBatches, `only ${left} batches were left waiting`);
		} finally {
			transaction?.end();
			for (const database of Object.values(servers)) await database.stop();
		}
	},
};
