-- What the echo app repeats. It exists to show how small an app can be, and to test the engine
-- without any of Ask Around Me.

create schema if not exists echo;

create table echo.note (
  id         bigint      not null,
  author     text        not null,
  text       text        not null,
  created_at timestamptz not null default now(),
  constraint note_pkey primary key (id)
);
