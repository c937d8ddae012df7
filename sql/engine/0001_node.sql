-- Node numbers: every process that makes ids leases one, so that ids can be made before the commit,
-- without a round trip, and two processes can never make the same one.
--
-- An id starts with a stamp (milliseconds since 2025, four more bits). A lessee makes stamps only
-- below `stamps_below`, which it moves ahead when it renews; the next lessee of the number starts
-- there. So a collision is impossible whatever the clocks say, even for a lessee that was stopped
-- and wakes up after its lease; the lease only spreads the numbers.

create schema if not exists engine;

create table engine.node (
  number       smallint    primary key,
  term         bigint      not null default 0,
  leased_until timestamptz not null default '-infinity',
  stamps_below bigint      not null default 0,
  constraint number_fits_six_bits check (number between 0 and 63)
);

insert into engine.node (number) select generate_series(0, 63);
