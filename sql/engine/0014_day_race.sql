-- Two janitors that make the same day in the same moment: which of PostgreSQL's own constraints the second
-- one meets depends on how far the first has come. Either way the day is there.

create or replace function engine.make_day(parent text, moment timestamptz) returns boolean
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
  when duplicate_table or unique_violation or lock_not_available or check_violation then
    return false;
end
$$;

create or replace function engine.make_key_day(moment timestamptz) returns boolean
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
  when duplicate_table or unique_violation or lock_not_available or check_violation then
    return false;
end
$$;
