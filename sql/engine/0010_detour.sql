-- Jobs that do not go straight from accepted to ended: put off until a time, put off again by their
-- handler (snoozed), sent round again by an operator after they had ended (redriven).

-- What a job's ways round came to. Few jobs have any; a job comes back from one in a batch that
-- lists its jobs, so only for those it is looked up.
create table engine.detour (
  job_id          bigint   not null,
  redrives        smallint not null default 0,
  snoozes         integer  not null default 0,
  -- Attempts that do not count any more, because an operator has granted it as many again.
  attempts_before smallint not null default 0,
  constraint detour_pkey primary key (job_id),
  constraint a_job_is_redriven_at_most_100_times check (redrives <= 100)
);

-- How many attempts a job may have in all.
create function engine.attempts_max(wanted bigint) returns smallint
language sql stable
as $$
  select (j.max_attempts + coalesce(
    (select d.attempts_before from engine.detour d where d.job_id = wanted), 0))::smallint
  from engine.job j where j.id = wanted
$$;

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

  if retry_in is null or single.attempt >= engine.attempts_max(failed) then
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

-- Puts jobs of locked batches off without counting their attempt. They are in the batches still;
-- engine.complete, in the same transaction, takes those away.
create function engine.snooze(
  batch_ids bigint[], job_ids bigint[], attempts smallint[], delays interval[]
) returns void
language sql volatile
as $$
  insert into engine.detour as d (job_id, snoozes)
  select job_id, 1 from unnest(job_ids) as snoozed (job_id)
  on conflict on constraint detour_pkey do update set snoozes = d.snoozes + 1;

  insert into engine.deferred (job_id, run_at, kind, priority, attempt)
  select snoozed.job_id, now() + snoozed.delay, b.kind, b.priority, snoozed.attempt - 1
  from unnest(job_ids, attempts, delays) as snoozed (job_id, attempt, delay)
  join engine.batch b on b.id = any (batch_ids)
    and (b.job_ids @> array[snoozed.job_id]
         or b.job_ids is null and b.id = snoozed.job_id >> 12)
$$;

-- Ends a job that has not ended as `how`; its batch, if it holds others, goes on without it. `by` is
-- whose job it must be; null: anybody's. Returns
--   'ended'   by this call,
--   'final'   it had ended,
--   'absent'  there is no such job of theirs,
--   'busy'    a worker has locked it: it is being carried out at this moment.
create function engine.end_early(wanted bigint, by text, how engine.final_state, cause json)
returns text
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

drop function engine.cancel(bigint, text);

-- Makes ended jobs wait for a worker again, with as many attempts as they were accepted with. How
-- they had ended is kept among their failures. Says of each
--   'redriven',
--   'open'       it has not ended,
--   'completed'  it was carried out, and is never carried out twice,
--   'absent'     there is no such job,
--   'busy'       its neighbours are at work on the batch that it was in,
--   'spent'      it was redriven 100 times.
create function engine.redrive(wanted bigint[]) returns table (job_id bigint, said text)
language plpgsql volatile
as $$
declare
  ended engine.result;
  recorded smallint;
begin
  -- In one order, so that nobody waits in a circle.
  for job_id in select distinct id from unnest(wanted) as w (id) order by id loop
    select * into ended from engine.result r where r.job_id = redrive.job_id for update;
    said := case
      when not found and exists (select from engine.job j where j.id = redrive.job_id) then 'open'
      when ended.job_id is null then 'absent'
      when ended.state = 'completed' then 'completed'
      -- It would come back twice: from that batch, and from here.
      when exists (
        select from engine.batch b
        where (b.id = redrive.job_id >> 12 and b.job_ids is null)
          or b.job_ids @> array[redrive.job_id]) then 'busy'
      when exists (
        select from engine.detour d
        where d.job_id = redrive.job_id and d.redrives >= 100) then 'spent'
      else 'redriven'
    end;

    if said = 'redriven' then
      select case when bool_or(f.attempt = ended.attempt) then ended.attempt else count(*) + 1 end
        into recorded
        from engine.failure f where f.job_id = redrive.job_id;
      insert into engine.failure (job_id, attempt, problem, failed_at)
        values (redrive.job_id, recorded, ended.problem, ended.finalized_at)
        on conflict on constraint failure_pkey do nothing;
      insert into engine.detour as d (job_id, redrives, attempts_before)
        values (redrive.job_id, 1, recorded)
        on conflict on constraint detour_pkey
        do update set redrives = d.redrives + 1, attempts_before = excluded.attempts_before;
      insert into engine.deferred (job_id, run_at, kind, priority, attempt)
        select j.id, now(), j.kind, 0, recorded from engine.job j where j.id = redrive.job_id;
      delete from engine.result r where r.job_id = redrive.job_id;
    end if;
    return next;
  end loop;
end
$$;

-- Deletes what is kept of jobs that are gone.
create function engine.drop_detours() returns integer
language sql volatile
as $$
  with dropped as (
    delete from engine.detour d
    where not exists (select from engine.job j where j.id = d.job_id)
    returning 1
  )
  select count(*)::integer from dropped
$$;

create or replace view engine.job_status as
select
  j.id, j.kind, j.caller,
  case
    when r.job_id is not null then r.state::text
    when d.job_id is null then 'available'
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
cross join lateral (
  select count(*) as failures from engine.failure f where f.job_id = j.id
) as f;
