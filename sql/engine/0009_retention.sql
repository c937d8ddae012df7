-- How long jobs are kept. Jobs, results and failures of one UTC day are one partition each, made
-- some days ahead and dropped whole: no deletes, no dead tuples, and the disk is free at once.
--
-- Making and dropping need locks that wait for everybody at work on the parent table, and whoever
-- comes meanwhile waits behind. So each step gives up after 100 ms, and is tried an hour later.
-- What came while no partition was there (the first jobs of all; a janitor that was away for days)
-- lies in the default partition, and is deleted there, some rows at a time.

-- The first id that can be made at a moment: milliseconds since 2025, above 22 bits for steps, node
-- and place (engine/jobs/batch_id.hpp).
create function engine.first_id_at(moment timestamptz) returns bigint
language sql immutable
as $$
  select greatest(
    (extract(epoch from moment) * 1000)::bigint - 1735689600000, 0) << 22
$$;

-- Makes the partition of `parent` for the UTC day that holds `moment`; false when it is there, or
-- cannot be made now.
create function engine.make_day(parent text, moment timestamptz) returns boolean
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  day constant timestamp := date_trunc('day', moment at time zone 'UTC');
  name constant text := parent || '_' || to_char(day, 'YYYYMMDD');
  first constant bigint := engine.first_id_at(day at time zone 'UTC');
  after constant bigint := engine.first_id_at((day + interval '1 day') at time zone 'UTC');
begin
  if to_regclass('engine.' || name) is not null then
    return false;
  end if;
  -- Made apart and then attached: that takes a weaker lock of the parent than making it in place.
  execute format('create table engine.%I (like engine.%I including all)', name, parent);
  execute format(
    'alter table engine.%I attach partition engine.%I for values from (%s) to (%s)',
    parent, name, first, after);
  return true;
exception
  -- Another janitor made it; somebody holds the lock; the default partition has rows of that day.
  when duplicate_table or lock_not_available or check_violation then
    return false;
end
$$;

-- Drops the days of jobs that ended before `cutoff`. A day with a job that waits for its time or its
-- retry stays, and so do the days after it: they are asked for again.
create function engine.drop_days(cutoff timestamptz) returns integer
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  oldest_open constant bigint := least(
    (select min(coalesce(b.job_ids[1], b.id << 12)) from engine.batch b),
    (select min(d.job_id) from engine.deferred d));
  day record;
  dropped integer := 0;
begin
  for day in
    select suffix, first_id_after
    from (
      select
        right(c.relname, 8) as suffix,
        engine.first_id_at(
          (to_timestamp(right(c.relname, 8), 'YYYYMMDD')::timestamp + interval '1 day')
            at time zone 'UTC') as first_id_after
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'engine.job'::regclass and c.relname ~ '^job_[0-9]{8}$'
    ) as days
    where first_id_after <= engine.first_id_at(cutoff)
    order by suffix
  loop
    exit when day.first_id_after > oldest_open;
    begin
      -- The jobs last: without them nothing of the others can be seen, whatever fails in between.
      execute format('drop table if exists engine.failure_%s', day.suffix);
      execute format('drop table if exists engine.result_%s', day.suffix);
      execute format('drop table if exists engine.job_%s', day.suffix);
      dropped := dropped + 1;
    exception
      when lock_not_available then
        exit;
    end;
  end loop;
  return dropped;
end
$$;

-- Deletes at most `jobs_max` ended jobs before `cutoff` from the default partition. Returns how many.
create function engine.delete_stray_jobs(cutoff timestamptz, jobs_max integer) returns integer
language plpgsql volatile
as $$
declare
  stray bigint[];
begin
  stray := array(
    select j.id from engine.job_rest j
    where j.id < engine.first_id_at(cutoff)
      and exists (select from engine.result r where r.job_id = j.id)
    order by j.id
    limit jobs_max);
  delete from engine.failure f where f.job_id = any (stray);
  delete from engine.result r where r.job_id = any (stray);
  delete from engine.job_rest j where j.id = any (stray);
  return cardinality(stray);
end
$$;
