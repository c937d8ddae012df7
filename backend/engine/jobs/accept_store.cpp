#include "engine/jobs/accept_store.hpp"

#include <array>

namespace engine::jobs {
namespace {

constexpr pg::Statement kAccept{"accept", R"(
  with batches as (
    insert into engine.batch (id, kind, priority, jobs, bytes)
    select * from unnest($1::bigint[], $2::text[], $3::smallint[], $4::integer[], $5::integer[])
  ), jobs as (
    insert into engine.job (id, kind, caller, args, max_attempts, traceparent)
    select id, kind, caller, args::json, max_attempts, traceparent
    from unnest($6::bigint[], $7::text[], $8::text[], $9::text[], $10::smallint[], $11::text[])
      as accepted (id, kind, caller, args, max_attempts, traceparent)
  )
  select (extract(epoch from now()) * 1000)::bigint)"};

constexpr pg::Statement kFindAccepted{"accept_find", R"(
  select (extract(epoch from accepted_at) * 1000)::bigint from engine.job where id = $1)"};

JobStatus::Time time_of(const pg::Rows& rows) {
  return JobStatus::Time{std::chrono::milliseconds{rows.one().get<std::int64_t>(0)}};
}

constexpr std::array kStatements{kAccept, kFindAccepted};

}  // namespace

std::span<const pg::Statement> accept_store_statements() {
  return kStatements;
}

std::optional<AcceptedRows> AcceptedRows::of(const std::vector<const JobSpec*>& specs,
                                             NodeLease& ids) {
  AcceptedRows rows;
  for (const JobSpec* spec : specs) {
    if (!rows.add(*spec, ids)) return std::nullopt;
  }
  return rows;
}

bool AcceptedRows::add(const JobSpec& spec, NodeLease& ids) {
  // A commit holds few kinds, so looking through them beats a map.
  std::size_t batch = 0;
  while (batch < batches_.ids.size() &&
         (batches_.kinds[batch] != spec.kind || batches_.priorities[batch] != spec.priority ||
          batches_.jobs[batch] == BatchId::kJobsMax)) {
    ++batch;
  }
  if (batch == batches_.ids.size()) {
    const auto id = ids.next();
    if (!id) return false;
    batches_.ids.push_back(id->value);
    batches_.kinds.push_back(spec.kind);
    batches_.priorities.push_back(spec.priority);
    batches_.jobs.push_back(0);
    batches_.bytes.push_back(0);
  }

  const auto place = static_cast<std::size_t>(batches_.jobs[batch]++);
  batches_.bytes[batch] += static_cast<std::int32_t>(spec.args.size());
  jobs_.ids.push_back(BatchId{batches_.ids[batch]}.job(place).value());
  jobs_.kinds.push_back(spec.kind);
  jobs_.callers.push_back(spec.caller);
  jobs_.args.push_back(spec.args);
  jobs_.max_attempts.push_back(spec.max_attempts);
  jobs_.traceparents.push_back(spec.traceparent);
  return true;
}

void AcceptedRows::insert(pg::Connection& connection) {
  accepted_at_ = time_of(connection.run(kAccept,
                                        batches_.ids,
                                        batches_.kinds,
                                        batches_.priorities,
                                        batches_.jobs,
                                        batches_.bytes,
                                        jobs_.ids,
                                        jobs_.kinds,
                                        jobs_.callers,
                                        jobs_.args,
                                        jobs_.max_attempts,
                                        jobs_.traceparents));
}

void AcceptedRows::find(pg::Connection& connection) {
  accepted_at_ = time_of(connection.run(kFindAccepted, jobs_.ids.front()));
}

JobStatus AcceptedRows::status(std::size_t place) const {
  return {.id = wire::JobId{jobs_.ids[place]},
          .kind = jobs_.kinds[place],
          .caller = jobs_.callers[place],
          .max_attempts = jobs_.max_attempts[place],
          .result = std::nullopt,
          .problem = std::nullopt,
          .created_at = accepted_at_,
          .scheduled_at = accepted_at_,
          .finalized_at = std::nullopt};
}

}  // namespace engine::jobs
