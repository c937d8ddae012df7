-- Who relays the event log to the broker, and how far it has come. Any number of processes may be
-- candidates; one leads, for as long as it renews its lease *and* its database session lives. So a
-- killed leader is replaced at once, a stopped one when its lease ends.

create table engine.leader (
  name           text        not null,
  term           bigint      not null default 0,
  holder_pid     integer,
  holder_started timestamptz,
  leased_until   timestamptz not null default '-infinity',
  constraint leader_pkey primary key (name),
  constraint a_holder_is_a_session check ((holder_pid is null) = (holder_started is null))
) with (fillfactor = 10);  -- Renewed every few seconds: room for HOT updates on its one page.

insert into engine.leader (name) values ('relay');

-- Everything up to `relayed_offset` was accepted by the broker. Only the leader of `term` moves it,
-- and it lives beside the log it points into: a backup restores both to the same moment, so it is
-- never ahead of the log, whatever the epoch. `epoch` is the history that was relayed last.
create table engine.relay (
  name           text   not null,
  relayed_offset bigint not null default 0,
  epoch          text,
  term           bigint not null default 0,
  constraint relay_pkey primary key (name),
  constraint a_position_is_not_negative check (relayed_offset >= 0)
) with (fillfactor = 10);  -- Moved ten times a second.

insert into engine.relay (name) values ('relay');

-- True while the database session that started at this moment lives. Of another role's session the
-- start is hidden: then it counts as alive, and only the end of its lease replaces it.
create function engine.is_session_alive(session_pid integer, session_started timestamptz)
returns boolean
language plpgsql volatile
as $$
begin
  -- A transaction keeps its first view of the sessions; after waiting for a lock that is old.
  perform pg_stat_clear_snapshot();
  return exists (
    select from pg_stat_activity a
    where a.pid = session_pid
      and (a.backend_start is null or a.backend_start = session_started));
end
$$;

-- Makes the calling session the leader and returns its term; null while another one leads.
-- A row that nobody can take is not locked, so waiting candidates write nothing.
create function engine.take_lead(wanted text, lease interval) returns bigint
language plpgsql volatile
as $$
declare
  new_term bigint;
begin
  perform from engine.leader l
    where l.name = wanted
      and (l.leased_until < clock_timestamp()
        or not engine.is_session_alive(l.holder_pid, l.holder_started))
    for update;
  if not found then
    return null;
  end if;

  update engine.leader l
    set term = l.term + 1,
        holder_pid = pg_backend_pid(),
        holder_started =
          (select a.backend_start from pg_stat_activity a where a.pid = pg_backend_pid()),
        leased_until = clock_timestamp() + lease
    where l.name = wanted
    returning l.term into new_term;
  return new_term;
end
$$;
