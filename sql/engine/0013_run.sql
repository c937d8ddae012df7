-- Long work: jobs that are carried out outside any transaction, one to a lease, and that tell how
-- far they are. The C++ side is engine/jobs/run_store.cpp.

-- How the last run of a long job stands or stood. Kept after its end, because its progress is part of
-- what the job's resource shows, and `changes` of its version.
create table engine.run (
  job_id            bigint      not null,
  batch_id          bigint      not null,
  attempt           smallint    not null,
  changes           integer     not null default 1,
  reported          integer     not null default 0,
  percent           smallint,
  note              text,
  -- Somebody wants it ended before it is done, and with what. Whoever carries it out looks for it.
  stop_requested_at timestamptz,
  stop_as           engine.final_state,
  stop_cause        json,
  constraint run_pkey primary key (job_id),
  constraint percent_is_0_to_100 check (percent between 0 and 100),
  constraint a_stop_says_how_and_why check (
    (stop_requested_at is null) = (stop_as is null)
    and (stop_requested_at is null) = (stop_cause is null))
) with (
  -- Rewritten up to ten times a second for each running job.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 500
);

-- Partial results of the last run, in the order in which they came.
create table engine.partial (
  job_id bigint  not null,
  place  integer not null,
  body   json    not null,
  constraint partial_pkey primary key (job_id, place)
);

-- Kinds of which only so many run at once, on all hosts together: whoever claims one locks its row,
-- so that nobody else counts at the same time.
create table engine.long_kind (
  kind text not null,
  constraint long_kind_pkey primary key (kind)
);

-- Leases one long job to `claimant`, if there is one of a kind of which fewer than `running_max` run.
-- `outcome`:
--   'run'    it is claimed; the rest of the row is the job,
--   'again'  something was in the way and is not any more: a batch of many jobs, which was split, or
--            a job that had ended,
--   no row   there is nothing to do.
-- A claim of long work is durable: it is what lets clients see it running.
create function engine.claim_run(
  claimant bigint, wanted_kinds text[], running_max integer[], piece_ids bigint[], lease interval
) returns table (
  outcome text, batch_id bigint, batch_attempt smallint, id bigint, kind text, caller text,
  args json, max_attempts smallint, accept_order bigint, redrives smallint, snoozes integer,
  accepted_at timestamptz
)
language plpgsql volatile
as $$
declare
  free_kinds text[];
  next_batch engine.batch;
  claimed constant text := 'run';
begin
  perform from engine.batch b where b.worker is null and b.kind = any (wanted_kinds) limit 1;
  if not found then
    return;
  end if;

  insert into engine.long_kind (kind)
  select w.kind from unnest(wanted_kinds) as w (kind)
  where not exists (select from engine.long_kind l where l.kind = w.kind)
  order by w.kind
  on conflict do nothing;
  perform from engine.long_kind l where l.kind = any (wanted_kinds) order by l.kind for update;
  free_kinds := array(
    select w.kind from unnest(wanted_kinds, running_max) as w (kind, most)
    where not exists (select from engine.paused_kind p where p.kind = w.kind)
      and (select count(*) from engine.batch b where b.worker is not null and b.kind = w.kind)
        < w.most);

  select * into next_batch from engine.batch b
    where b.worker is null and b.kind = any (free_kinds)
    order by b.priority, b.id
    limit 1
    for update skip locked;
  if not found then
    return;
  end if;
  if next_batch.jobs > 1 then
    perform engine.split(next_batch, piece_ids);
    outcome := 'again';
    return next;
    return;
  end if;

  id := coalesce(next_batch.job_ids[1], next_batch.id << 12);
  perform from engine.result r where r.job_id = claim_run.id;
  if found then
    delete from engine.batch b where b.id = next_batch.id;
    outcome := 'again';
    return next;
    return;
  end if;

  update engine.batch b
    set worker = claimant, leased_until = now() + lease, attempt = b.attempt + 1
    where b.id = next_batch.id;
  insert into engine.run as r (job_id, batch_id, attempt)
    values (claim_run.id, next_batch.id, next_batch.attempt + 1)
    on conflict on constraint run_pkey do update set
      batch_id = excluded.batch_id, attempt = excluded.attempt, changes = r.changes + 1,
      reported = 0, percent = null, note = null,
      stop_requested_at = null, stop_as = null, stop_cause = null;
  delete from engine.partial p where p.job_id = claim_run.id;

  return query
    select claimed, next_batch.id, (next_batch.attempt + 1)::smallint, j.id, j.kind, j.caller,
           j.args, (j.max_attempts + coalesce(d.attempts_before, 0))::smallint,
           coalesce(j.accept_order, 0),
           coalesce(d.redrives, 0::smallint), coalesce(d.snoozes, 0), j.accepted_at
    from engine.job j
    left join engine.detour d on d.job_id = j.id
    where j.id = claim_run.id;
end
$$;

-- Moves the end of leases that are still `claimant`'s. Returns their batches; those that are missing
-- were lost. Nothing is lost with a renewal that a crash forgets.
create function engine.renew_runs(
  batch_ids bigint[], attempts smallint[], claimant bigint, lease interval
) returns setof bigint
language plpgsql volatile
as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  return query
    update engine.batch b
      set leased_until = now() + lease
      from unnest(batch_ids, attempts) as held (id, attempt)
      where b.id = held.id and b.attempt = held.attempt and b.worker = claimant
      returning b.id;
end
$$;

-- Stores how far a run is, and what came of it so far: `pieces`, from place `first_place` on. False: the
-- lease was lost, and nothing is stored. A report that comes twice, or after a later one, changes
-- nothing.
create function engine.report_run(
  reported_job bigint, held_batch bigint, held_attempt smallint, claimant bigint,
  report integer, new_percent smallint, new_note text, first_place integer, pieces json[]
) returns boolean
language plpgsql volatile
as $$
begin
  -- Whoever takes the batch away waits until this is stored.
  perform from engine.batch b
    where b.id = held_batch and b.attempt = held_attempt and b.worker = claimant
    for share;
  if not found then
    return false;
  end if;

  insert into engine.partial (job_id, place, body)
  select reported_job, first_place + piece.n - 1, piece.body
  from unnest(pieces) with ordinality as piece (body, n)
  on conflict on constraint partial_pkey do nothing;

  update engine.run r
    set changes = r.changes + 1, reported = report,
        percent = coalesce(new_percent, r.percent), note = coalesce(new_note, r.note)
    where r.job_id = reported_job and r.reported < report;
  return true;
end
$$;

-- Ends a job as was asked for while it ran; false when nobody had asked.
create function engine.end_as_asked(asked bigint, held_batch bigint, held_attempt smallint)
returns boolean
language sql volatile
as $$
  with stopped as (
    insert into engine.result (job_id, attempt, state, problem)
    select r.job_id, held_attempt, r.stop_as, r.stop_cause
    from engine.run r
    where r.job_id = asked and r.batch_id = held_batch and r.attempt = held_attempt
      and r.stop_requested_at is not null
    on conflict on constraint result_pkey do nothing
    returning 1
  )
  select exists (select from stopped)
$$;

-- A run is over and did not come to its end: the job ends as was asked for, or waits for somebody else
-- and the attempt is not counted. Says 'ended', 'given back' or 'lost'.
create function engine.leave_run(
  left_job bigint, held_batch bigint, held_attempt smallint, claimant bigint
) returns text
language plpgsql volatile
as $$
begin
  perform from engine.batch b
    where b.id = held_batch and b.attempt = held_attempt and b.worker = claimant
    for update;
  if not found then
    return 'lost';
  end if;
  if engine.end_as_asked(left_job, held_batch, held_attempt) then
    delete from engine.batch b where b.id = held_batch;
    return 'ended';
  end if;

  update engine.batch b
    set worker = null, leased_until = null, attempt = b.attempt - 1
    where b.id = held_batch;
  update engine.run r set changes = r.changes + 1 where r.job_id = left_job;
  return 'given back';
end
$$;

-- As before, but a job that somebody wanted ended while it ran is not tried again.
create or replace function engine.end_attempt(single engine.batch, cause json, retry_in interval)
returns bigint
language plpgsql volatile
as $$
declare
  failed constant bigint := coalesce(single.job_ids[1], single.id << 12);
begin
  insert into engine.failure (job_id, attempt, problem)
    values (failed, single.attempt, cause)
    on conflict on constraint failure_pkey do nothing;

  if engine.end_as_asked(failed, single.id, single.attempt) then
    null;
  elsif retry_in is null or single.attempt >= engine.attempts_max(failed) then
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

-- As before, but a long job that is running is asked to stop; then it says
--   'asked'   whoever carries it out is to stop, and the job ends so unless it is done before.
create or replace function engine.end_early(
  wanted bigint, by text, how engine.final_state, cause json
) returns text
language plpgsql volatile
set lock_timeout = '1s'
as $$
declare
  held engine.batch;
begin
  perform from engine.job j where j.id = wanted and (by is null or j.caller = by);
  if not found then
    return 'absent';
  end if;

  -- Between two looks it may move from a batch to `deferred` and back, or end.
  for look in 1..3 loop
    perform from engine.result r where r.job_id = wanted;
    if found then
      return 'final';
    end if;

    delete from engine.deferred d where d.job_id = wanted;
    if not found then
      select * into held from engine.batch b
        where (b.id = wanted >> 12 and b.job_ids is null) or b.job_ids @> array[wanted]
        for update;
      continue when not found;
      -- Whoever held the lock until now may have ended it.
      perform from engine.result r where r.job_id = wanted;
      if found then
        return 'final';
      end if;

      if held.worker is not null then
        update engine.run r
          set changes = r.changes + 1, stop_requested_at = now(), stop_as = how, stop_cause = cause
          where r.job_id = wanted and r.batch_id = held.id and r.attempt = held.attempt
            and r.stop_requested_at is null;
        perform from engine.run r
          where r.job_id = wanted and r.batch_id = held.id and r.attempt = held.attempt;
        if found then
          return 'asked';
        end if;
      end if;
      delete from engine.batch b where b.id = held.id and b.jobs = 1;
    end if;

    insert into engine.result (job_id, state, attempt, problem)
    select wanted, how, count(*), cause from engine.failure f where f.job_id = wanted;
    return 'ended';
  end loop;
  return 'busy';
exception
  when lock_not_available then
    return 'busy';
  -- Somebody else ended it in the same moment.
  when unique_violation then
    return 'final';
end
$$;

-- As before, with what is kept of runs.
create or replace function engine.drop_detours() returns integer
language sql volatile
as $$
  with detours as (
    delete from engine.detour d
    where not exists (select from engine.job j where j.id = d.job_id)
    returning 1
  ), runs as (
    delete from engine.run r
    where not exists (select from engine.job j where j.id = r.job_id)
    returning 1
  ), partials as (
    delete from engine.partial p
    where not exists (select from engine.job j where j.id = p.job_id)
    returning 1
  )
  select (
    (select count(*) from detours) + (select count(*) from runs)
    + (select count(*) from partials))::integer
$$;

-- Whether a job is running: its batch is leased, for the attempt that its run is of.
create function engine.is_running(asked engine.run) returns boolean
language sql stable
as $$
  select exists (
    select from engine.batch b
    where b.id = asked.batch_id and b.attempt = asked.attempt and b.worker is not null)
$$;

create or replace view engine.job_status as
select
  j.id, j.kind, j.caller,
  case
    when r.job_id is not null then r.state::text
    when d.job_id is null then
      case when u.job_id is not null and engine.is_running(u) then 'running' else 'available' end
    when f.failures > 0 then 'retryable'
    else 'scheduled'
  end as state,
  coalesce(r.attempt, f.failures)::smallint as attempt,
  (j.max_attempts + coalesce(w.attempts_before, 0))::smallint as max_attempts,
  j.accepted_at as created_at,
  coalesce(d.run_at, j.accepted_at) as scheduled_at,
  r.finalized_at,
  r.problem
from engine.job j
left join engine.result r on r.job_id = j.id
left join engine.deferred d on d.job_id = j.id
left join engine.detour w on w.job_id = j.id
left join engine.run u on u.job_id = j.id
cross join lateral (
  select count(*) as failures from engine.failure f where f.job_id = j.id
) as f;
