-- What operators and callers do to jobs that were accepted: look at them, cancel them, hold back a
-- kind of them.

-- Every job with its state, derived as clients see it; for psql and `earshot jobs`.
create view engine.job_status as
select
  j.id, j.kind, j.caller,
  case
    when r.job_id is not null then r.state::text
    when d.job_id is null then 'available'
    when f.failures > 0 then 'retryable'
    else 'scheduled'
  end as state,
  coalesce(r.attempt, f.failures)::smallint as attempt,
  j.max_attempts,
  j.accepted_at as created_at,
  coalesce(d.run_at, j.accepted_at) as scheduled_at,
  r.finalized_at,
  r.problem
from engine.job j
left join engine.result r on r.job_id = j.id
left join engine.deferred d on d.job_id = j.id
cross join lateral (
  select count(*) as failures from engine.failure f where f.job_id = j.id
) as f;

-- Serves engine.cancel: the batch that lists a job. Most batches list none and are not in it.
create index batch_lists on engine.batch using gin (job_ids) where job_ids is not null;

-- Kinds that nobody claims until they are resumed.
create table engine.paused_kind (
  kind      text        not null,
  paused_at timestamptz not null default now(),
  constraint paused_kind_pkey primary key (kind)
);

-- Ends a job that has not ended as `cancelled`; its batch, if it holds others, goes on without it.
-- `by` is whose job it must be; null: anybody's. Returns
--   'cancelled'  by this call,
--   'final'      it had ended,
--   'absent'     there is no such job of theirs,
--   'busy'       a worker has locked it: it is being carried out at this moment.
create function engine.cancel(wanted bigint, by text) returns text
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
    select
      wanted, 'cancelled', count(*),
      json_build_object(
        'type', 'urn:earshot:problem:cancelled', 'title', 'The job was cancelled', 'status', 409,
        'detail', 'It was cancelled before it was carried out.')
    from engine.failure f where f.job_id = wanted;
    return 'cancelled';
  end loop;
  return 'busy';
exception
  when lock_not_available then
    return 'busy';
  -- Somebody else cancelled it in the same moment.
  when unique_violation then
    return 'final';
end
$$;
