-- How batches move: claimed, done, split, rescued, promoted. Each function is one step of a worker,
-- one round trip, one transaction. The C++ side is engine/jobs/job_store.cpp.

-- Leases ready batches to `claimant`, most urgent and oldest first, until a budget of jobs or bytes
-- is met; at least one if there is any. A cursor fetches one row at a time, so that no more rows
-- are locked than claimed.
--
-- Losing a claim in a crash costs nothing, so the commit need not wait for the disk; but from the
-- second attempt on the count must be durable, or a job that crashes the server would loop for ever.
create function engine.claim(
  claimant bigint, kinds text[], jobs_max integer, bytes_max integer, lease interval
) returns table (batch_id bigint, batch_kind text, batch_attempt smallint, batch_jobs integer)
language plpgsql volatile
as $$
declare
  kinds_claimed constant text[] := array(
    select wanted.kind from unnest(kinds) as wanted (kind)
    where not exists (select from engine.paused_kind p where p.kind = wanted.kind));
  ready cursor for
    select b.id, b.kind, b.jobs, b.bytes, b.attempt
    from engine.batch b
    where b.worker is null and b.kind = any (kinds_claimed)
    order by b.priority, b.id
    for update skip locked;
  jobs_left integer := jobs_max;
  bytes_left integer := bytes_max;
  is_repeated boolean := false;
begin
  for next_batch in ready loop
    update engine.batch
      set worker = claimant, leased_until = now() + lease, attempt = engine.batch.attempt + 1
      where current of ready;

    batch_id := next_batch.id;
    batch_kind := next_batch.kind;
    batch_attempt := next_batch.attempt + 1;
    batch_jobs := next_batch.jobs;
    return next;

    is_repeated := is_repeated or next_batch.attempt > 0;
    jobs_left := jobs_left - next_batch.jobs;
    bytes_left := bytes_left - next_batch.bytes;
    exit when jobs_left <= 0 or bytes_left <= 0;
  end loop;

  perform set_config('synchronous_commit', case when is_repeated then 'on' else 'off' end, true);
end
$$;

-- Ends the jobs of batches that this transaction has locked, and appends their events; sent in one
-- message with COMMIT, because it ends with the lock of the log.
--
-- A job that has a result already (cancelled meanwhile) makes the insert fail: then nothing of this
-- attempt happened.
create function engine.complete(
  batch_ids bigint[],
  job_ids bigint[], attempts smallint[], states text[], results text[], problems text[],
  sources text[], types text[], subjects text[], cells text[], datas text[]
) returns bigint
language plpgsql volatile
as $$
declare
  deleted integer;
begin
  insert into engine.result (job_id, attempt, state, result, problem)
  select job_id, attempt, state::engine.final_state, result::json, problem::json
  from unnest(job_ids, attempts, states, results, problems)
    as ended (job_id, attempt, state, result, problem);

  delete from engine.batch b where b.id = any (batch_ids);
  get diagnostics deleted = row_count;
  if deleted <> cardinality(batch_ids) then
    raise exception 'a batch vanished under its lock';
  end if;

  return engine.append_events(sources, types, subjects, cells, datas);
end
$$;

-- Replaces a locked batch by up to cardinality(piece_ids) smaller ones. Its jobs' own attempts
-- begin again: only a job that fails alone is known to be at fault.
create function engine.split(whole engine.batch, piece_ids bigint[]) returns void
language plpgsql volatile
as $$
declare
  ids constant bigint[] := coalesce(
    whole.job_ids,
    array(select (whole.id << 12) + n from generate_series(0, whole.jobs - 1) as n));
  pieces constant integer := least(cardinality(piece_ids), whole.jobs);
begin
  insert into engine.batch
    (id, shard, kind, priority, jobs, bytes, job_ids, attempts_before, attempt)
  select
    piece_ids[1 + (n - 1) * pieces / whole.jobs],
    whole.shard, whole.kind, whole.priority,
    count(*), whole.bytes / pieces, array_agg(job_id order by n),
    whole.attempts_before, whole.attempts_before
  from unnest(ids) with ordinality as listed (job_id, n)
  group by (n - 1) * pieces / whole.jobs;

  delete from engine.batch b where b.id = whole.id;
end
$$;

-- What becomes of a locked batch of one job whose attempt failed: put off, or discarded after the
-- last attempt. A null `retry_in` discards at once. Returns the job.
create function engine.end_attempt(single engine.batch, cause json, retry_in interval)
returns bigint
language plpgsql volatile
as $$
declare
  failed constant bigint := coalesce(single.job_ids[1], single.id << 12);
  attempts_max constant smallint := (select j.max_attempts from engine.job j where j.id = failed);
begin
  insert into engine.failure (job_id, attempt, problem)
    values (failed, single.attempt, cause)
    on conflict on constraint failure_pkey do nothing;

  if retry_in is null or single.attempt >= attempts_max then
    insert into engine.result (job_id, attempt, state, problem)
      values (failed, single.attempt, 'discarded', cause)
      on conflict on constraint result_pkey do nothing;  -- Cancelled meanwhile: that stands.
  else
    insert into engine.deferred (job_id, run_at, kind, priority, attempt)
      values (failed, now() + retry_in, single.kind, single.priority, single.attempt);
  end if;

  delete from engine.batch b where b.id = single.id;
  return failed;
end
$$;

-- The attempt of this claim failed: many jobs are split, one job is retried later or discarded, and
-- returned. Null: the batch was split, or the claim was lost and nothing happened.
create function engine.fail(
  failed_id bigint, failed_attempt smallint, claimant bigint,
  piece_ids bigint[], cause json, retry_in interval
) returns bigint
language plpgsql volatile
as $$
declare
  failed engine.batch;
begin
  select * into failed from engine.batch b
    where b.id = failed_id and b.attempt = failed_attempt and b.worker = claimant
    for update;
  if not found then
    return null;
  end if;

  if failed.jobs > 1 then
    perform engine.split(failed, piece_ids);
    return null;
  end if;
  return engine.end_attempt(failed, cause, retry_in);
end
$$;

-- Gives back claims that nobody has begun to work on, as if they had never been made: no attempt is
-- counted. Claims that were lost, or whose work was committed after all, are left alone.
create function engine.give_back(batch_ids bigint[], attempts smallint[], claimant bigint)
returns integer
language sql volatile
as $$
  with given as (
    update engine.batch b
      set worker = null, leased_until = null, attempt = b.attempt - 1
      from unnest(batch_ids, attempts) as claimed (id, attempt)
      where b.id = claimed.id and b.attempt = claimed.attempt and b.worker = claimant
      returning 1
  )
  select count(*)::integer from given
$$;

-- Takes one batch from a worker whose lease ran out before it locked the batch. Whoever is at work
-- holds the row lock, and is skipped. `ended_job` is the job whose attempt ended so.
create function engine.rescue(
  piece_ids bigint[], cause json, out is_any boolean, out ended_job bigint
)
language plpgsql volatile
as $$
declare
  stranded engine.batch;
begin
  select * into stranded from engine.batch b
    where b.leased_until < now()
    order by b.leased_until
    limit 1
    for update skip locked;
  is_any := found;
  if not is_any then
    return;
  end if;

  if stranded.jobs > 1 then
    perform engine.split(stranded, piece_ids);
  else
    ended_job := engine.end_attempt(stranded, cause, interval '0');
  end if;
end
$$;

-- Turns deferred jobs that are due into ready batches, one per kind, priority and attempt. At most
-- one batch per given id, and at most as many jobs as ids, so the ids always suffice.
create function engine.promote(batch_ids bigint[]) returns integer
language sql volatile
as $$
  with due as materialized (
    select d.job_id from engine.deferred d
    where d.run_at <= now()
    order by d.run_at
    limit cardinality(batch_ids)
    for update skip locked
  ), taken as (
    delete from engine.deferred d using due where d.job_id = due.job_id
    returning d.job_id, d.kind, d.priority, d.attempt
  ), promoted as (
    insert into engine.batch (id, kind, priority, jobs, job_ids, attempts_before, attempt)
    select
      batch_ids[row_number() over ()], kind, priority,
      count(*), array_agg(job_id order by job_id), attempt, attempt
    from taken
    group by kind, priority, attempt
    returning jobs
  )
  select coalesce(sum(jobs), 0)::integer from promoted
$$;
