-- The order in which jobs were accepted, for apps whose later request must win. Ids and clocks do not
-- give it: each process makes its own.
--
-- Drawn by the accepting statement, one by one in the order of its jobs, and without a cache: a
-- session that had drawn numbers ahead would give late jobs early ones. So whoever was told "202"
-- before another request was sent has the smaller number, whichever processes took them. Numbers of
-- commits that failed are left out.
create sequence engine.accept_order as bigint cache 1;

-- First without a default: jobs accepted before keep null, and no row is written anew.
alter table engine.job add column accept_order bigint;
alter table engine.job alter column accept_order set default nextval('engine.accept_order');
