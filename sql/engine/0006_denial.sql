-- Whom to refuse although their tokens are genuine: one caller, or one token by its id. Every api
-- process reads the rows that are still in force every two seconds, and tells the broker beside it.
--
-- `until` bounds the table: when the last token that a row could concern has ended, the row says
-- nothing any more, and the next denial removes it.

create table engine.denial (
  id         bigint      generated always as identity primary key,
  caller     text,
  alias      text,
  jti        text,
  reason     text        not null default '',
  created_at timestamptz not null default clock_timestamp(),
  until      timestamptz not null,
  constraint denial_names_a_caller_or_a_token
    check ((caller is not null and alias is null and jti is null)
        or (caller is null and alias is not null and jti is not null)),
  constraint denial_is_once_per_caller unique (caller),
  constraint denial_is_once_per_token unique (alias, jti)
);
