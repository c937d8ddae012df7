-- The event log, which is the outbox too: append-only, read by the relay in offset order and by
-- clients that catch up. Offsets are given in commit order, so whoever has read up to an offset has
-- missed nothing before it.

-- One row whose lock is the right to append. It is locked, never updated on the hot path, so it
-- leaves no dead tuples. `floor` is the newest offset that retention has dropped.
create table engine.log (
  is_the_log boolean not null default true,
  floor      bigint  not null default 0,
  constraint log_pkey primary key (is_the_log),
  constraint there_is_one_log check (is_the_log)
);

insert into engine.log default values;

create sequence engine.event_offset as bigint;

create table engine.event (
  event_offset bigint      not null,
  prev         bigint      not null,
  cell         text        not null collate "C",
  source       text        not null,
  type         text        not null,
  subject      text        not null,
  data         json        not null,
  at           timestamptz not null,
  constraint event_pkey primary key (event_offset),
  constraint prev_is_older check (prev < event_offset),
  constraint a_cell_has_seven_letters check (cell ~ '^[0-9b-hjkmnp-z]{7}$')
) partition by range (event_offset);

create table engine.event_rest partition of engine.event default;

-- Serves the search for `prev`, and catching up on an area: a prefix of the cell.
create index event_cell on engine.event (cell, event_offset);

-- The last offset of each topic whose partition was dropped, so that `prev` stays true.
create table engine.dropped_topic (
  cell         text   not null collate "C",
  event_offset bigint not null,
  constraint dropped_topic_pkey primary key (cell)
);

-- Appends events, in the order given, as the last step of a transaction that commits at once.
--
-- The statements of a volatile function each take a new snapshot under READ COMMITTED: the insert
-- sees everything that was committed before the lock was ours, so `prev` is exact. In one statement
-- with the lock, or under REPEATABLE READ, it would be read from an older snapshot.
create function engine.append_events(
  sources text[], types text[], subjects text[], cells text[], datas text[]
) returns bigint
language plpgsql volatile
as $$
declare
  before_first bigint;
  events constant integer := cardinality(types);
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

  insert into engine.event (event_offset, prev, cell, source, type, subject, data, at)
  select
    before_first + n,
    coalesce(
      before_first + lag(n) over (partition by cell order by n),
      (select max(e.event_offset) from engine.event e where e.cell = appended.cell),
      (select d.event_offset from engine.dropped_topic d where d.cell = appended.cell),
      0),
    cell, source, type, subject, data::json, clock_timestamp()
  from unnest(sources, types, subjects, cells, datas) with ordinality
    as appended (source, type, subject, cell, data, n);

  return before_first + events;
end
$$;

-- The identity of this history: the database system and its timeline, so that restoring a backup
-- and promoting a standby change it by themselves.
create function engine.epoch() returns text
language sql stable
as $$
  select to_hex((pg_control_system()).system_identifier)
    || '-' || ltrim(substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8), '0')
$$;

-- The newest offset that a snapshot covers. Read in the same REPEATABLE READ transaction as data,
-- it is the exact position of that data.
create function engine.newest_offset() returns bigint
language sql stable
as $$
  select greatest(
    coalesce((select max(event_offset) from engine.event), 0), (select floor from engine.log))
$$;
