#include "engine/jobs/schedule_store.hpp"

#include <array>

namespace engine::jobs {
namespace {

constexpr pg::Statement kMakeKnown{"schedule_make_known", R"(
  insert into engine.schedule (name, known_since)
  select name, to_timestamp($2::bigint / 1000.0)
  from unnest($1::text[]) as known (name)
  order by name
  on conflict on constraint schedule_pkey do nothing)"};

// In the order of names, so that nobody waits in a circle. A clock that is far ahead takes nothing:
// its fire time would be the newest, and keep the right ones out until then.
constexpr pg::Statement kTake{"schedule_take", R"(
  with asked as materialized (
    select name, to_timestamp(at_ms / 1000.0) as fire_at, place
    from unnest($1::text[], $2::bigint[]) with ordinality as a (name, at_ms, place)
  ), taken as (
    insert into engine.schedule_fire (schedule, fire_at)
    select a.name, a.fire_at
    from asked a
    join engine.schedule s on s.name = a.name and s.known_since <= a.fire_at
    where a.fire_at <= now() + interval '1 minute'
      and not exists (
        select from engine.schedule_fire f
        where f.schedule = a.name and f.fire_at >= a.fire_at)
    order by a.name
    on conflict on constraint schedule_fire_pkey do nothing
    returning schedule
  )
  select taken.schedule is not null as is_ours,
         asked.fire_at > now() + interval '1 minute' as is_early
  from asked left join taken on taken.schedule = asked.name
  order by asked.place)"};

constexpr pg::Statement kPrune{"schedule_prune", R"(
  delete from engine.schedule_fire f
  where f.fire_at < to_timestamp($1::bigint / 1000.0)
    and exists (
      select from engine.schedule_fire later
      where later.schedule = f.schedule and later.fire_at > f.fire_at))"};

constexpr std::array kStatements{kMakeKnown, kTake, kPrune};

}  // namespace

std::span<const pg::Statement> schedule_store_statements() {
  return kStatements;
}

void make_schedules_known(pg::Connection& connection,
                          const std::vector<std::string>& names,
                          FireTime since) {
  connection.run(kMakeKnown, names, since.time_since_epoch().count());
}

std::vector<Taken> take_fires(pg::Transaction& tx, const Fires& fires) {
  std::vector<Taken> all;
  for (const pg::Row row : tx.run(kTake, fires.schedules, fires.at_ms)) {
    const bool is_ours = row.get<bool>("is_ours");
    const bool is_early = row.get<bool>("is_early");
    all.push_back(is_ours ? Taken::kOurs : is_early ? Taken::kEarly : Taken::kBefore);
  }
  return all;
}

int prune_fires(pg::Connection& connection, FireTime cutoff) {
  return static_cast<int>(connection.run(kPrune, cutoff.time_since_epoch().count()).affected());
}

}  // namespace engine::jobs
