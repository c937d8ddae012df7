-- Jobs are immutable; batches carry the state. What one group commit accepts of one kind is one
-- batch: many job rows, never updated, and one small batch row that is claimed with SKIP LOCKED and
-- deleted when its jobs are done. Cost is paid per commit, not per job, and a backlog of millions or
-- a forgotten transaction does not slow claims down: there are no dead tuples per job.

-- The durable request. `id` = (batch id << 12) + place in the batch: time-ordered, so inserts go to
-- the rightmost page, and retention can drop whole partitions.
create table engine.job (
  id           bigint      not null,
  kind         text        not null,
  caller       text        not null,
  args         json        not null,
  max_attempts smallint    not null,
  traceparent  text,
  accepted_at  timestamptz not null default now(),
  constraint job_pkey primary key (id),
  constraint attempts_are_positive check (max_attempts > 0)
) partition by range (id);

create table engine.job_rest partition of engine.job default;

-- What is still to be done. `job_ids` is null when the batch holds exactly the jobs
-- id << 12 … (id << 12) + jobs - 1; pieces of a split batch and promoted retries list theirs.
-- `attempts_before` counts the attempts its jobs had already had when the batch was made.
create table engine.batch (
  id              bigint      not null,
  shard           smallint    not null default 0,
  kind            text        not null,
  priority        smallint    not null default 0,
  jobs            integer     not null,
  bytes           integer     not null default 0,
  job_ids         bigint[],
  attempts_before smallint    not null default 0,
  attempt         smallint    not null default 0,
  worker          bigint,
  leased_until    timestamptz,
  constraint batch_pkey primary key (id),
  constraint a_batch_holds_1_to_4096_jobs check (jobs between 1 and 4096),
  constraint listed_jobs_are_counted check (job_ids is null or cardinality(job_ids) = jobs),
  constraint a_lease_has_worker_and_end check ((worker is null) = (leased_until is null))
) with (
  -- The only rows that change: room for HOT updates, and vacuum at once, because claims walk the
  -- head of the index below.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 1000
);

-- Serves engine.claim: the ready batches, most urgent and oldest first.
create index batch_ready on engine.batch (priority, id) where worker is null;
-- Serves engine.rescue: the leases that ran out.
create index batch_leased on engine.batch (leased_until) where worker is not null;

create type engine.final_state as enum ('completed', 'discarded', 'cancelled');

-- How a job ended. Appended in the transaction of its effects; the primary key is what lets a job
-- end only once.
create table engine.result (
  job_id       bigint             not null,
  state        engine.final_state not null,
  attempt      smallint           not null,
  result       json,
  problem      json,
  finalized_at timestamptz        not null default now(),
  constraint result_pkey primary key (job_id),
  constraint only_a_completed_job_has_no_problem check ((state = 'completed') = (problem is null))
) partition by range (job_id);

create table engine.result_rest partition of engine.result default;

-- One row per failed attempt, kept beside the job: what went wrong, and how often.
create table engine.failure (
  job_id    bigint      not null,
  attempt   smallint    not null,
  problem   json        not null,
  failed_at timestamptz not null default now(),
  constraint failure_pkey primary key (job_id, attempt)
) partition by range (job_id);

create table engine.failure_rest partition of engine.failure default;

-- Jobs that wait for a moment, out of the way of what is ready: retries now, schedules later.
create table engine.deferred (
  job_id   bigint      not null,
  run_at   timestamptz not null,
  kind     text        not null,
  priority smallint    not null,
  attempt  smallint    not null,
  constraint deferred_pkey primary key (job_id)
);

-- Serves engine.promote: what is due.
create index deferred_due on engine.deferred (run_at);
