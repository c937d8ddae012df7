-- How long the event log is kept. Its partitions are slots of a thousand million offsets: slot k holds
-- those from k thousand million on, in engine.event_<k>. Which one is written depends on the time, not
-- on how full it is: when the slot is old enough the log *turns*, which is one jump of the sequence to
-- the first offset of the next slot. Offsets have holes anyway, and every reader is used to them. So
-- there are about ten slots whatever the load, and `prev` is looked up in ten small indexes.
--
-- Steps that need a lock give up after 100 ms, as those of 0009_retention.sql do, and are done later.

create function engine.slot_offsets() returns bigint
language sql immutable
as $$ select 1000000000::bigint $$;

-- What there is so far becomes slot 0; the default partition is only a net, and stays empty.
alter table engine.event detach partition engine.event_rest;
alter table engine.event_rest rename to event_0;
alter index engine.event_rest_pkey rename to event_0_pkey;
alter index engine.event_rest_cell_event_offset_idx rename to event_0_cell_event_offset_idx;
alter table engine.event attach partition engine.event_0 for values from (0) to (1000000000);
create table engine.event_1 partition of engine.event for values from (1000000000) to (2000000000);
create table engine.event_rest partition of engine.event default;

-- Newer than the last event of every topic that is neither in the log nor in engine.dropped_topic.
alter table engine.log add column forgotten bigint not null default 0;

-- Serves the search for the topics that are forgotten first.
create index dropped_topic_offset on engine.dropped_topic (event_offset);

-- The slot of the next event.
create function engine.slot_of_next_event() returns bigint
language sql volatile
as $$ select (last_value + 1) / engine.slot_offsets() from engine.event_offset $$;

create function engine.make_event_slot(slot bigint) returns boolean
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  name constant text := 'event_' || slot;
begin
  if to_regclass('engine.' || name) is not null then
    return false;
  end if;
  -- Made apart and then attached: that takes a weaker lock of the parent than making it in place.
  execute format('create table engine.%I (like engine.event including all)', name);
  execute format(
    'alter table engine.event attach partition engine.%I for values from (%s) to (%s)',
    name, slot * engine.slot_offsets(), (slot + 1) * engine.slot_offsets());
  return true;
exception
  -- Another janitor made it; somebody holds the lock.
  when duplicate_table or unique_violation or lock_not_available or check_violation then
    return false;
end
$$;

-- Ends the slot that is written if its first event is older than `cutoff`; true when it has.
create function engine.turn_event_slot(cutoff timestamptz) returns boolean
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  slot constant bigint := engine.slot_of_next_event();
  began timestamptz;
begin
  select e.at into began from engine.event e
    where e.event_offset >= slot * engine.slot_offsets()
    order by e.event_offset limit 1;
  if began is null or began >= cutoff or to_regclass('engine.event_' || (slot + 1)) is null then
    return false;
  end if;
  -- Whoever drew offsets of this slot has committed when the lock is ours.
  perform 1 from engine.log for update;
  if engine.slot_of_next_event() <> slot then
    return false;
  end if;
  perform setval('engine.event_offset', (slot + 1) * engine.slot_offsets() - 1);
  return true;
exception
  when lock_not_available then
    return false;
end
$$;

-- The oldest slot, if it is over, its last event older than `cutoff`, and all of it relayed.
create function engine.oldest_ended_slot(cutoff timestamptz, out slot bigint, out newest bigint)
language plpgsql volatile
as $$
declare
  ended timestamptz;
begin
  select min(substr(c.relname, 7)::bigint) into slot
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'engine.event'::regclass and c.relname ~ '^event_[0-9]+$';
  if slot >= engine.slot_of_next_event() then
    slot := null;
  end if;
  select e.event_offset, e.at into newest, ended from engine.event e
    where e.event_offset >= slot * engine.slot_offsets()
      and e.event_offset < (slot + 1) * engine.slot_offsets()
    order by e.event_offset desc limit 1;
  if ended >= cutoff or newest > (select r.relayed_offset from engine.relay r where r.name = 'relay')
  then
    slot := null;
  end if;
end
$$;

-- Keeps the last offset of the next `topics_max` topics of a slot after the topic `after`; returns the
-- last one, or null when there are no more. May be done twice, and long before the slot is dropped: while
-- a topic has an event in the log, that one counts.
create function engine.keep_slot_topics(slot bigint, after text, topics_max integer) returns text
language plpgsql volatile
as $$
declare
  last_cell text;
begin
  -- From topic to topic by the index on (cell, event_offset), not through all events.
  execute format($statement$
    with recursive topic as (
      (select e.cell from engine.%1$I e where e.cell > $1 order by e.cell limit 1)
      union all
      select (select e.cell from engine.%1$I e where e.cell > t.cell order by e.cell limit 1)
      from topic t where t.cell is not null
    ),
    kept as (
      insert into engine.dropped_topic as d (cell, event_offset)
      select t.cell, (select max(e.event_offset) from engine.%1$I e where e.cell = t.cell)
      from topic t where t.cell is not null limit $2
      on conflict (cell) do update set event_offset = excluded.event_offset
        where d.event_offset < excluded.event_offset
    )
    select max(t.cell) from (select cell from topic where cell is not null limit $2) t
    $statement$, 'event_' || slot)
    into last_cell using after, topics_max;
  return last_cell;
exception
  when undefined_table then
    return null;  -- Another janitor has dropped it.
end
$$;

-- Drops a slot whose topics are kept, and raises the floor, in one transaction. `newest` is the last
-- event that was there when keeping began: another one since means that it must be done again.
create function engine.drop_event_slot(slot bigint, newest bigint) returns boolean
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  found_newest bigint;
begin
  perform 1 from engine.log for update;
  execute format('select max(event_offset) from engine.%I', 'event_' || slot) into found_newest;
  if found_newest is distinct from newest then
    return false;
  end if;
  execute format('drop table engine.%I', 'event_' || slot);
  update engine.log set floor = greatest(floor, newest) where newest is not null;
  return true;
exception
  when lock_not_available or undefined_table then
    return false;
end
$$;

-- Forgets at most `at_once` topics, the longest silent ones, beyond `topics_max` that are kept.
-- Returns how many. Their next event has `prev` = log.forgotten, which is not older than their last one:
-- who has read that far has missed nothing, and whoever has not is told to read the log.
create function engine.forget_topics(topics_max integer, at_once integer) returns integer
language plpgsql volatile
set lock_timeout = '100ms'
as $$
declare
  surplus constant bigint := (select count(*) - topics_max from engine.dropped_topic);
  upto bigint;
  forgotten_now integer;
begin
  if surplus <= 0 then
    return 0;
  end if;
  select max(event_offset) into upto from (
    select d.event_offset from engine.dropped_topic d
    order by d.event_offset limit least(surplus, at_once)) as oldest;
  -- Nobody looks up `prev` between the two.
  perform 1 from engine.log for update;
  delete from engine.dropped_topic d where d.event_offset <= upto;
  get diagnostics forgotten_now = row_count;
  update engine.log set forgotten = greatest(forgotten, upto);
  return forgotten_now;
exception
  when lock_not_available then
    return 0;
end
$$;
