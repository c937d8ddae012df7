-- Jobs that are accepted again and again by the clock. When is in the apps' code; here is what makes
-- each fire time count once, however many processes run.

-- Since when a schedule is known: fire times before that were not missed.
create table engine.schedule (
  name        text        not null,
  known_since timestamptz not null,
  constraint schedule_pkey primary key (name)
);

-- The fire times whose jobs were accepted, in the same transaction. The newest of each schedule
-- stays, so that no process that is late repeats one that was pruned.
create table engine.schedule_fire (
  schedule text        not null,
  fire_at  timestamptz not null,
  constraint schedule_fire_pkey primary key (schedule, fire_at)
);
