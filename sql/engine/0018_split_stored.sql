-- A batch counts the repeats that were accepted in its commit, of which no job is stored. As before, but
-- a piece is made of stored jobs only: a piece of nothing but repeats was leased, of a long kind, for
-- a run that nobody carries out, and held up its kind until the lease was over.
create or replace function engine.split(
  whole engine.batch, piece_ids bigint[], are_apart boolean default false
) returns void
language plpgsql volatile
as $$
declare
  ids constant bigint[] := array(
    select j.id
    from unnest(coalesce(
      whole.job_ids,
      array(select (whole.id << 12) + n from generate_series(0, whole.jobs - 1) as n)))
      with ordinality as listed (job_id, n)
    join engine.job j on j.id = listed.job_id
    order by listed.n);
  stored constant integer := cardinality(ids);
  pieces constant integer := least(cardinality(piece_ids), stored);
begin
  insert into engine.batch
    (id, shard, kind, priority, jobs, bytes, job_ids, attempts_before, attempt, is_apart)
  select
    piece_ids[1 + (n - 1) * pieces / stored],
    whole.shard, whole.kind, whole.priority,
    count(*), whole.bytes / pieces, array_agg(job_id order by n),
    whole.attempts_before, whole.attempts_before, are_apart
  from unnest(ids) with ordinality as listed (job_id, n)
  group by (n - 1) * pieces / stored;

  delete from engine.batch b where b.id = whole.id;
end
$$;
