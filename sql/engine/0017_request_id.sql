-- From a request to what comes of it: the id of the request and its W3C trace context stay with the
-- job and go on into its events, so that one search finds all of a request in every log.

alter table engine.job add column request_id text;
alter table engine.event
  add column traceparent text,
  add column request_id text;

-- As before, with the requests' ids. They have a default, and stand last: a process of an older
-- version calls it without them.
drop function engine.accept_keyed(
  bigint[], text[], smallint[], integer[], integer[], bigint[], text[], text[], text[], smallint[],
  text[], text[], date);
create function engine.accept_keyed(
  batch_ids bigint[], batch_kinds text[], batch_priorities smallint[], batch_jobs integer[],
  batch_bytes integer[],
  job_ids bigint[], kinds text[], callers text[], args text[], attempts_max smallint[],
  traceparents text[], keys text[],
  today date default (now() at time zone 'UTC')::date,
  request_ids text[] default null
) returns table (place bigint, owner bigint, is_same boolean)
language plpgsql volatile
as $$
declare
  owners bigint[];
begin
  -- Everybody writes in the same order, so nobody waits in a circle.
  insert into engine.idempotency (day, key, payload, job_id)
  select day, asked.key, asked.payload, asked.id
  from (
    select distinct on (1)
      engine.hash_of(j.caller, j.key) as key, engine.hash_of(j.kind, j.args) as payload, j.id
    from unnest(job_ids, kinds, callers, args, keys) as j (id, kind, caller, args, key)
    where j.key is not null
    order by 1, j.id
  ) as asked
  cross join (values (today), (today + 1)) as days (day)
  order by asked.key, day
  on conflict on constraint idempotency_pkey do nothing;

  -- A job owns its key on both days, or not at all.
  delete from engine.idempotency mine
  using engine.idempotency theirs
  where mine.job_id = any (job_ids) and mine.day in (today, today + 1)
    and mine.key in (
      select engine.hash_of(j.caller, j.key) from unnest(callers, keys) as j (caller, key)
      where j.key is not null)
    and theirs.key = mine.key and theirs.day in (today, today + 1)
    and theirs.job_id <> mine.job_id;

  owners := array(
    select o.owner from engine.key_owners(today, job_ids, kinds, callers, args, keys) as o
    order by o.place);

  insert into engine.batch (id, kind, priority, jobs, bytes)
  select b.id, b.kind, b.priority, b.jobs, b.bytes
  from unnest(batch_ids, batch_kinds, batch_priorities, batch_jobs, batch_bytes)
    as b (id, kind, priority, jobs, bytes)
  where exists (
    select from unnest(job_ids, owners) as j (id, owner)
    where j.id = j.owner and j.id >> 12 = b.id);

  insert into engine.job (id, kind, caller, args, max_attempts, traceparent, request_id)
  select j.id, j.kind, j.caller, j.args::json, j.attempts_max, j.traceparent, j.request_id
  from unnest(job_ids, kinds, callers, args, attempts_max, traceparents, request_ids, owners)
    as j (id, kind, caller, args, attempts_max, traceparent, request_id, owner)
  where j.id = j.owner;

  return query select * from engine.key_owners(today, job_ids, kinds, callers, args, keys);
end
$$;

-- As before, with what the events' jobs were asked with. `prev` of a topic that was forgotten is
-- engine.log.forgotten. And the last event of a cell is looked for otherwise: an index scan from the
-- end of a cell's events reads every entry of theirs on its page, some 250, though one is wanted (7 of
-- 25 us per event). Most cells that have an event now had one a moment ago, so the newest offsets
-- are looked at first: few entries; only who is not there pays for the other scan too.
drop function engine.append_events(text[], text[], text[], text[], text[]);
create function engine.append_events(
  sources text[], types text[], subjects text[], cells text[], datas text[],
  traceparents text[] default null, request_ids text[] default null
) returns bigint
language plpgsql volatile
as $$
declare
  before_first bigint;
  events constant integer := cardinality(types);
  newest constant integer := 4096;  -- Offsets that are looked at first.
begin
  if events = 0 then
    return null;
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'events are appended under READ COMMITTED only'
      using errcode = 'invalid_transaction_state';
  end if;

  perform 1 from engine.log for update;

  before_first := nextval('engine.event_offset') - 1;
  if events > 1 then
    -- Under the lock nobody else draws, so a block of numbers is ours.
    perform setval('engine.event_offset', before_first + events);
  end if;

  insert into engine.event
    (event_offset, prev, cell, source, type, subject, data, at, traceparent, request_id)
  select
    before_first + n,
    coalesce(
      before_first + lag(n) over (partition by cell order by n),
      (select max(e.event_offset) from engine.event e
       where e.cell = appended.cell and e.event_offset > before_first - newest),
      (select max(e.event_offset) from engine.event e where e.cell = appended.cell),
      (select d.event_offset from engine.dropped_topic d where d.cell = appended.cell),
      (select l.forgotten from engine.log l)),
    cell, source, type, subject, data::json, clock_timestamp(), traceparent, request_id
  from unnest(sources, types, subjects, cells, datas, traceparents, request_ids) with ordinality
    as appended (source, type, subject, cell, data, traceparent, request_id, n);

  return before_first + events;
end
$$;

-- As before, with the same two.
drop function engine.complete(
  bigint[], bigint[], smallint[], text[], text[], text[], text[], text[], text[], text[], text[]);
create function engine.complete(
  batch_ids bigint[],
  job_ids bigint[], attempts smallint[], states text[], results text[], problems text[],
  sources text[], types text[], subjects text[], cells text[], datas text[],
  traceparents text[] default null, request_ids text[] default null
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

  return engine.append_events(
    sources, types, subjects, cells, datas, traceparents, request_ids);
end
$$;
