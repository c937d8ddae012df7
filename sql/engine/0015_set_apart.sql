-- Work that may have brought its process down is set apart: it is claimed and carried out with nothing
-- beside it, until it is known whether it was at fault.
--
-- Without that, the healthy jobs that a process had in hand together with one that aborts it would
-- lose an attempt at each death, and at last be discarded with it.
alter table engine.batch add column is_apart boolean not null default false;

-- Serves engine.claim_apart and the look whether there is any.
create index batch_apart on engine.batch (priority, id) where worker is null and is_apart;

-- As before, but what is set apart is left to engine.claim_apart. `is_careful` makes the claim durable:
-- for whoever has just lost the database, because a job that crashes it would otherwise take the count
-- of its attempts along, and loop for ever.
drop function engine.claim(bigint, text[], integer, integer, interval);
create function engine.claim(
  claimant bigint, kinds text[], jobs_max integer, bytes_max integer, lease interval,
  is_careful boolean default false
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
    where b.worker is null and not b.is_apart and b.kind = any (kinds_claimed)
    order by b.priority, b.id
    for update skip locked;
  jobs_left integer := jobs_max;
  bytes_left integer := bytes_max;
  is_repeated boolean := is_careful;
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

-- Leases the first batch that is set apart; the claim is durable.
create function engine.claim_apart(claimant bigint, kinds text[], lease interval)
returns table (batch_id bigint, batch_kind text, batch_attempt smallint, batch_jobs integer)
language sql volatile
as $$
  with next_batch as materialized (
    select b.id from engine.batch b
    where b.worker is null and b.is_apart and b.kind = any (kinds)
      and not exists (select from engine.paused_kind p where p.kind = b.kind)
    order by b.priority, b.id
    limit 1
    for update skip locked
  )
  update engine.batch b
    set worker = claimant, leased_until = now() + lease, attempt = b.attempt + 1
    from next_batch where b.id = next_batch.id
    returning b.id, b.kind, b.attempt, b.jobs
$$;

-- As before, and the pieces are set apart where the whole is to be.
drop function engine.split(engine.batch, bigint[]);
create function engine.split(
  whole engine.batch, piece_ids bigint[], are_apart boolean default false
) returns void
language plpgsql volatile
as $$
declare
  ids constant bigint[] := coalesce(
    whole.job_ids,
    array(select (whole.id << 12) + n from generate_series(0, whole.jobs - 1) as n));
  pieces constant integer := least(cardinality(piece_ids), whole.jobs);
begin
  insert into engine.batch
    (id, shard, kind, priority, jobs, bytes, job_ids, attempts_before, attempt, is_apart)
  select
    piece_ids[1 + (n - 1) * pieces / whole.jobs],
    whole.shard, whole.kind, whole.priority,
    count(*), whole.bytes / pieces, array_agg(job_id order by n),
    whole.attempts_before, whole.attempts_before, are_apart
  from unnest(ids) with ordinality as listed (job_id, n)
  group by (n - 1) * pieces / whole.jobs;

  delete from engine.batch b where b.id = whole.id;
end
$$;

-- Sets a locked batch apart, in pieces where it has many jobs. No attempt is counted.
create function engine.set_apart(suspect engine.batch, piece_ids bigint[]) returns void
language plpgsql volatile
as $$
begin
  if suspect.jobs > 1 then
    perform engine.split(suspect, piece_ids, are_apart => true);
    return;
  end if;
  update engine.batch b
    set worker = null, leased_until = null, attempt = b.attempt - 1, is_apart = true
    where b.id = suspect.id;
end
$$;

-- The same for a claim, if `claimant` still has it; says whether.
create function engine.set_claim_apart(
  claimed_id bigint, claimed_attempt smallint, claimant bigint, piece_ids bigint[]
) returns boolean
language plpgsql volatile
as $$
declare
  suspect engine.batch;
begin
  select * into suspect from engine.batch b
    where b.id = claimed_id and b.attempt = claimed_attempt and b.worker = claimant
    for update;
  if not found then
    return false;
  end if;
  perform engine.set_apart(suspect, piece_ids);
  return true;
end
$$;

-- As before, but only a job that its process had alone is known to be at fault, and has its attempt
-- counted. A long job has a run of its own, and counts those that it loses.
create or replace function engine.rescue(
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

  if stranded.jobs = 1 and (stranded.is_apart or exists (
      select from engine.run r
      where r.batch_id = stranded.id and r.attempt = stranded.attempt)) then
    ended_job := engine.end_attempt(stranded, cause, interval '0');
  else
    perform engine.set_apart(stranded, piece_ids);
  end if;
end
$$;

-- Ends transactions of this program's queue that are older than they may be, so that what they have
-- locked is free. PostgreSQL's own limits do not see a client that stopped while its message was on
-- the way: the server then waits for the rest of it, as `active`, with the lock of the log.
create function engine.end_old_transactions(age_max interval) returns integer
language sql volatile
as $$
  with ended as (
    select pg_terminate_backend(a.pid) from pg_stat_activity a
    where a.datname = current_database() and a.usename = current_user
      and a.application_name = current_setting('application_name')
      and a.xact_start < now() - age_max and a.pid <> pg_backend_pid()
  )
  select count(*)::integer from ended
$$;
