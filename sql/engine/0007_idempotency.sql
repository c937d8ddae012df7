-- Which request a job was accepted for, so that a repeat finds the job instead of making another.
-- Only hashes are kept: of caller and key, and of what was asked.
--
-- A key lives from its day to the end of the next one (UTC), and a whole day is dropped at once.
-- Whoever accepts on a day writes the key for that day *and* for the next: so two who accept the
-- same key on both sides of midnight meet on one row, and only one of them stores a job.

create table engine.idempotency (
  day     date   not null,
  key     bytea  not null,
  payload bytea  not null,
  job_id  bigint not null,
  constraint idempotency_pkey primary key (day, key)
) partition by range (day);

create table engine.idempotency_rest partition of engine.idempotency default;

create function engine.hash_of(first text, second text) returns bytea
language sql immutable
as $$
  -- The line feed keeps ("ab", "c") and ("a", "bc") apart: it occurs neither in callers nor kinds.
  select sha256(convert_to(first || e'\n' || second, 'UTF8'))
$$;

-- Who owns each key of a group: the job that was stored for it, and whether that asked for the same.
-- A job without a key owns itself.
create function engine.key_owners(
  today date, job_ids bigint[], kinds text[], callers text[], args text[], keys text[]
) returns table (place bigint, owner bigint, is_same boolean)
language sql stable
as $$
  select
    asked.place,
    coalesce(stored.job_id, asked.id),
    coalesce(stored.payload = engine.hash_of(asked.kind, asked.args), true)
  from unnest(job_ids, kinds, callers, args, keys) with ordinality
    as asked (id, kind, caller, args, key, place)
  left join lateral (
    select i.job_id, i.payload
    from engine.idempotency i
    where i.key = engine.hash_of(asked.caller, asked.key) and i.day in (today, today + 1)
    limit 1
  ) as stored on asked.key is not null
  order by asked.place
$$;

-- Stores those jobs of a group whose key nobody has, and says who owns the keys of the others. A job
-- that is not stored leaves a hole in the ids of its batch, which nobody minds.
--
-- Each statement takes a new snapshot under READ COMMITTED: the later ones see what those have
-- stored for whom the first one waited.
create function engine.accept_keyed(
  batch_ids bigint[], batch_kinds text[], batch_priorities smallint[], batch_jobs integer[],
  batch_bytes integer[],
  job_ids bigint[], kinds text[], callers text[], args text[], attempts_max smallint[],
  traceparents text[], keys text[],
  today date default (now() at time zone 'UTC')::date
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

  insert into engine.job (id, kind, caller, args, max_attempts, traceparent)
  select j.id, j.kind, j.caller, j.args::json, j.attempts_max, j.traceparent
  from unnest(job_ids, kinds, callers, args, attempts_max, traceparents, owners)
    as j (id, kind, caller, args, attempts_max, traceparent, owner)
  where j.id = j.owner;

  return query select * from engine.key_owners(today, job_ids, kinds, callers, args, keys);
end
$$;

-- Makes the partition of keys for the UTC day that holds `moment`; false when it is there, or cannot
-- be made now.
create function engine.make_key_day(moment timestamptz) returns boolean
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  day constant date := (moment at time zone 'UTC')::date;
  name constant text := 'idempotency_' || to_char(day, 'YYYYMMDD');
begin
  if to_regclass('engine.' || name) is not null then
    return false;
  end if;
  execute format('create table engine.%I (like engine.idempotency including all)', name);
  execute format(
    'alter table engine.idempotency attach partition engine.%I for values from (%L) to (%L)',
    name, day, day + 1);
  return true;
exception
  when duplicate_table or lock_not_available or check_violation then
    return false;
end
$$;

-- Drops the days before yesterday, whose keys nobody can repeat any more; a clock that is a day slow
-- still finds its own.
create function engine.drop_key_days() returns integer
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  yesterday constant date := (now() at time zone 'UTC')::date - 1;
  name text;
  dropped integer := 0;
begin
  for name in
    select c.relname
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'engine.idempotency'::regclass
      and c.relname ~ '^idempotency_[0-9]{8}$'
      and right(c.relname, 8) < to_char(yesterday, 'YYYYMMDD')
  loop
    execute format('drop table engine.%I', name);
    dropped := dropped + 1;
  end loop;
  delete from engine.idempotency_rest i where i.day < yesterday;
  return dropped;
exception
  when lock_not_available then
    return 0;
end
$$;
