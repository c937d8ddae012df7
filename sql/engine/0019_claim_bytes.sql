-- As before, with the bytes of each batch: a claim that has used up neither its jobs nor its bytes has
-- taken all there was, so nobody need look again before more is accepted.
drop function engine.claim(bigint, text[], integer, integer, interval, boolean);
create function engine.claim(
  claimant bigint, kinds text[], jobs_max integer, bytes_max integer, lease interval,
  is_careful boolean default false
) returns table (
  batch_id bigint, batch_kind text, batch_attempt smallint, batch_jobs integer, batch_bytes integer
)
language plpgsql volatile
as $$
declare
  kinds_claimed constant text[] := array(
    select wanted.kind from unnest(kinds) as wanted (kind)
    where not exists (select from engine.paused_kind p where p.kind = wanted.kind));
  ready cursor for
    select b.id, b.kind, b.jobs, b.bytes, b.attempt
    from engine.batch b
    where b.worker is null and not b.is_apart and b.kind = any (kinds_claimed)
    order by b.priority, b.id
    for update skip locked;
  jobs_left integer := jobs_max;
  bytes_left integer := bytes_max;
  is_repeated boolean := is_careful;
begin
  for next_batch in ready loop
    update engine.batch
      set worker = claimant, leased_until = now() + lease, attempt = engine.batch.attempt + 1
      where current of ready;

    batch_id := next_batch.id;
    batch_kind := next_batch.kind;
    batch_attempt := next_batch.attempt + 1;
    batch_jobs := next_batch.jobs;
    batch_bytes := next_batch.bytes;
    return next;

    is_repeated := is_repeated or next_batch.attempt > 0;
    jobs_left := jobs_left - next_batch.jobs;
    bytes_left := bytes_left - next_batch.bytes;
    exit when jobs_left <= 0 or bytes_left <= 0;
  end loop;

  perform set_config('synchronous_commit', case when is_repeated then 'on' else 'off' end, true);
end
$$;
