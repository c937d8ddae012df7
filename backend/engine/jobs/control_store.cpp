#include "engine/jobs/control_store.hpp"

#include "base/check.hpp"
#include "wire/problem.hpp"

#include <array>

namespace engine::jobs {
namespace {

constexpr pg::Statement kEndEarly{"control_end_early",
                                  "select engine.end_early($1, $2, $3::engine.final_state, $4)"};

constexpr pg::Statement kRedrive{"control_redrive", "select job_id, said from engine.redrive($1)"};

// By primary key, newest first: what is looked for is mostly new.
constexpr pg::Statement kList{"control_list", R"(
  select id, kind, caller, state, attempt, max_attempts,
         (extract(epoch from created_at) * 1000)::bigint as created_at_ms
  from engine.job_status
  where ($1::text is null or state = $1) and ($2::text is null or kind = $2)
    and ($3::text is null or caller = $3)
  order by id desc
  limit $4)"};

constexpr pg::Statement kFailures{"control_failures", R"(
  select attempt, problem, (extract(epoch from failed_at) * 1000)::bigint as failed_at_ms
  from engine.failure
  where job_id = $1
  order by failed_at)"};

constexpr pg::Statement kStats{"control_stats", R"(
  with batches as (
    select kind,
           coalesce(sum(jobs) filter (where worker is null), 0)::bigint as ready,
           coalesce(sum(jobs) filter (where worker is not null), 0)::bigint as claimed,
           min(coalesce(job_ids[1], id << 12)) filter (where worker is null) as oldest
    from engine.batch group by kind
  ), waiting as (
    select kind, count(*) as jobs from engine.deferred group by kind
  ), ends as (
    select j.kind,
           count(*) filter (where r.state = 'completed') as completed,
           count(*) filter (where r.state = 'discarded') as discarded,
           count(*) filter (where r.state = 'cancelled') as cancelled
    from engine.result r join engine.job j on j.id = r.job_id
    where r.job_id >= engine.first_id_at(now() - interval '1 day')
      and j.id >= engine.first_id_at(now() - interval '1 day')
    group by j.kind
  ), kinds as (
    select kind from batches union select kind from waiting union select kind from ends
    union select kind from engine.paused_kind
  )
  select kinds.kind, exists (select from engine.paused_kind p where p.kind = kinds.kind) as is_paused,
         coalesce(batches.ready, 0) as ready, coalesce(batches.claimed, 0) as claimed,
         coalesce(waiting.jobs, 0) as waiting,
         coalesce((select extract(epoch from now() - j.accepted_at)::bigint
                   from engine.job j where j.id = batches.oldest), 0) as oldest_ready_s,
         coalesce(ends.completed, 0) as completed, coalesce(ends.discarded, 0) as discarded,
         coalesce(ends.cancelled, 0) as cancelled
  from kinds
  left join batches using (kind)
  left join waiting using (kind)
  left join ends using (kind)
  order by kinds.kind)"};

constexpr pg::Statement kPause{"control_pause", R"(
  with paused as (
    insert into engine.paused_kind (kind) values ($1) on conflict do nothing returning 1
  )
  select exists (select from paused))"};

constexpr pg::Statement kResume{"control_resume", R"(
  with resumed as (delete from engine.paused_kind where kind = $1 returning 1)
  select exists (select from resumed))"};

constexpr std::array kStatements{kEndEarly, kRedrive, kList, kFailures, kStats, kPause, kResume};

JobStatus::Time time_of(std::int64_t milliseconds) {
  return JobStatus::Time{std::chrono::milliseconds{milliseconds}};
}

EndedEarly end_early(pg::Connection& connection,
                     wire::JobId id,
                     const std::optional<std::string>& by,
                     const char* how,
                     const wire::Problem& problem) {
  const auto said =
      connection.run(kEndEarly, id.value(), by, how, base::to_text(wire::to_json(problem)))
          .one()
          .get<std::string>(0);
  if (said == "ended") return EndedEarly::kDone;
  if (said == "asked") return EndedEarly::kAsked;
  if (said == "final") return EndedEarly::kFinal;
  if (said == "absent") return EndedEarly::kAbsent;
  base::check(said == "busy", "engine.end_early says what this program does not know");
  return EndedEarly::kBusy;
}

}  // namespace

std::span<const pg::Statement> control_store_statements() {
  return kStatements;
}

EndedEarly cancel_job(pg::Connection& connection,
                      wire::JobId id,
                      const std::optional<std::string>& by) {
  return end_early(connection,
                   id,
                   by,
                   "cancelled",
                   {.status = 409,
                    .type = "cancelled",
                    .title = "The job was cancelled",
                    .detail = "It was cancelled before it was carried out."});
}

EndedEarly discard_job(pg::Connection& connection, wire::JobId id, const std::string& reason) {
  return end_early(connection,
                   id,
                   /*by=*/std::nullopt,
                   "discarded",
                   {.status = 409,
                    .type = "discarded",
                    .title = "The job was discarded by an operator",
                    .detail = reason});
}

std::vector<Redriven> redrive_jobs(pg::Connection& connection,
                                   const std::vector<wire::JobId>& ids) {
  std::vector<std::int64_t> values;
  values.reserve(ids.size());
  for (const wire::JobId id : ids) values.push_back(id.value());
  std::vector<Redriven> all;
  for (const pg::Row row : connection.run(kRedrive, values)) {
    all.push_back({.id = wire::JobId{row.get<std::int64_t>(0)}, .said = row.get<std::string>(1)});
  }
  return all;
}

std::vector<JobLine> list_jobs(pg::Connection& connection, const JobFilter& filter) {
  std::vector<JobLine> lines;
  for (const pg::Row row :
       connection.run(kList, filter.state, filter.kind, filter.caller, filter.limit)) {
    lines.push_back({.id = wire::JobId{row.get<std::int64_t>("id")},
                     .kind = row.get<std::string>("kind"),
                     .caller = row.get<std::string>("caller"),
                     .state = row.get<std::string>("state"),
                     .attempt = row.get<std::int16_t>("attempt"),
                     .max_attempts = row.get<std::int16_t>("max_attempts"),
                     .created_at = time_of(row.get<std::int64_t>("created_at_ms"))});
  }
  return lines;
}

std::vector<FailedAttemptLine> list_failures(pg::Connection& connection, wire::JobId id) {
  std::vector<FailedAttemptLine> lines;
  for (const pg::Row row : connection.run(kFailures, id.value())) {
    lines.push_back({.attempt = row.get<std::int16_t>("attempt"),
                     .problem = row.get<std::string>("problem"),
                     .failed_at = time_of(row.get<std::int64_t>("failed_at_ms"))});
  }
  return lines;
}

std::vector<KindLine> kind_stats(pg::Connection& connection) {
  std::vector<KindLine> lines;
  for (const pg::Row row : connection.run(kStats)) {
    lines.push_back({.kind = row.get<std::string>("kind"),
                     .is_paused = row.get<bool>("is_paused"),
                     .ready = row.get<std::int64_t>("ready"),
                     .claimed = row.get<std::int64_t>("claimed"),
                     .waiting = row.get<std::int64_t>("waiting"),
                     .oldest_ready_s = row.get<std::int64_t>("oldest_ready_s"),
                     .completed = row.get<std::int64_t>("completed"),
                     .discarded = row.get<std::int64_t>("discarded"),
                     .cancelled = row.get<std::int64_t>("cancelled")});
  }
  return lines;
}

bool pause_kind(pg::Connection& connection, const std::string& kind) {
  return connection.run(kPause, kind).one().get<bool>(0);
}

bool resume_kind(pg::Connection& connection, const std::string& kind) {
  return connection.run(kResume, kind).one().get<bool>(0);
}

}  // namespace engine::jobs
