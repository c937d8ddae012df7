#include "engine/jobs/accept_store.hpp"

#include "base/check.hpp"
#include "engine/jobs/status_store.hpp"

#include <array>

namespace engine::jobs {
namespace {

constexpr pg::Statement kAccept{"accept", R"(
  with batches as (
    insert into engine.batch (id, kind, priority, jobs, bytes)
    select * from unnest($1::bigint[], $2::text[], $3::smallint[], $4::integer[], $5::integer[])
  ), jobs as (
    insert into engine.job (id, kind, caller, args, max_attempts, traceparent, request_id)
    select id, kind, caller, args::json, max_attempts, traceparent, request_id
    from unnest($6::bigint[], $7::text[], $8::text[], $9::text[], $10::smallint[], $11::text[],
                $12::text[])
      as accepted (id, kind, caller, args, max_attempts, traceparent, request_id)
  )
  select (extract(epoch from now()) * 1000)::bigint)"};

constexpr pg::Statement kAcceptKeyed{"accept_keyed", R"(
  select owner, is_same, (extract(epoch from now()) * 1000)::bigint as accepted_at_ms
  from engine.accept_keyed($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13,
                           request_ids => $12)
  order by place)"};

constexpr pg::Statement kFindOwners{"accept_find_owners", R"(
  select owners.owner, owners.is_same,
         (extract(epoch from coalesce(j.accepted_at, now())) * 1000)::bigint as accepted_at_ms
  from engine.key_owners((now() at time zone 'UTC')::date, $1, $2, $3, $4, $5) as owners
  left join engine.job j on j.id = owners.owner
  order by owners.place)"};

constexpr pg::Statement kFindAccepted{"accept_find", R"(
  select (extract(epoch from accepted_at) * 1000)::bigint from engine.job where id = $1)"};

// Those whose key had a job already are not in engine.job.
constexpr pg::Statement kSchedule{"accept_schedule", R"(
  insert into engine.deferred (job_id, run_at, kind, priority, attempt)
  select j.id, to_timestamp(later.run_at_ms / 1000.0), j.kind, later.priority, 0
  from unnest($1::bigint[], $2::bigint[], $3::smallint[]) as later (id, run_at_ms, priority)
  join engine.job j on j.id = later.id)"};

JobStatus::Time time_of(const pg::Rows& rows) {
  return JobStatus::Time{std::chrono::milliseconds{rows.one().get<std::int64_t>(0)}};
}

constexpr std::array kStatements{kAccept, kAcceptKeyed, kFindOwners, kFindAccepted, kSchedule};

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
  const auto id = spec.run_at ? scheduled_id(spec, ids) : batched_id(spec, ids);
  if (!id) return false;
  jobs_.ids.push_back(id->value());
  jobs_.kinds.push_back(spec.kind);
  jobs_.callers.push_back(spec.caller);
  jobs_.args.push_back(spec.args);
  jobs_.max_attempts.push_back(spec.max_attempts);
  jobs_.traceparents.push_back(spec.traceparent);
  jobs_.request_ids.push_back(spec.request_id);
  jobs_.keys.push_back(spec.idempotency_key);
  jobs_.run_ats.push_back(spec.run_at);
  has_keys_ = has_keys_ || spec.idempotency_key.has_value();
  return true;
}

std::optional<wire::JobId> AcceptedRows::batched_id(const JobSpec& spec, NodeLease& ids) {
  // A commit holds few kinds, so looking through them beats a map.
  std::size_t batch = 0;
  while (batch < batches_.ids.size() &&
         (batches_.kinds[batch] != spec.kind || batches_.priorities[batch] != spec.priority ||
          batches_.jobs[batch] == BatchId::kJobsMax)) {
    ++batch;
  }
  if (batch == batches_.ids.size()) {
    const auto id = ids.next();
    if (!id) return std::nullopt;
    batches_.ids.push_back(id->value);
    batches_.kinds.push_back(spec.kind);
    batches_.priorities.push_back(spec.priority);
    batches_.jobs.push_back(0);
    batches_.bytes.push_back(0);
  }
  const auto place = static_cast<std::size_t>(batches_.jobs[batch]++);
  batches_.bytes[batch] += static_cast<std::int32_t>(spec.args.size());
  return BatchId{batches_.ids[batch]}.job(place);
}

std::optional<wire::JobId> AcceptedRows::scheduled_id(const JobSpec& spec, NodeLease& ids) {
  if (!scheduled_.drawn || scheduled_.drawn_jobs == BatchId::kJobsMax) {
    scheduled_.drawn = ids.next();
    scheduled_.drawn_jobs = 0;
    if (!scheduled_.drawn) return std::nullopt;
  }
  const wire::JobId id = scheduled_.drawn->job(scheduled_.drawn_jobs++);
  const auto since = std::chrono::floor<std::chrono::milliseconds>(*spec.run_at);
  scheduled_.ids.push_back(id.value());
  scheduled_.run_ats_ms.push_back(since.time_since_epoch().count());
  scheduled_.priorities.push_back(spec.priority);
  return id;
}

template <typename Runner>
void AcceptedRows::insert_with(Runner& runner) {
  // Who sends no keys does not pay for them.
  const auto run = [&](const pg::Statement& statement, const auto&... keys) {
    return runner.run(statement,
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
                      jobs_.traceparents,
                      jobs_.request_ids,
                      keys...);
  };
  if (has_keys_) {
    read_owners(run(kAcceptKeyed, jobs_.keys));
  } else {
    accepted_at_ = time_of(run(kAccept));
  }
}

void AcceptedRows::insert(pg::Connection& connection) {
  if (scheduled_.ids.empty()) return insert_with(connection);
  pg::Transaction tx{connection};
  insert_within(tx);
  tx.commit();
}

void AcceptedRows::insert_within(pg::Transaction& tx) {
  insert_with(tx);
  insert_scheduled(tx);
}

std::optional<wire::Problem> AcceptedRows::insert_all_or_none(pg::Connection& connection) {
  pg::Transaction tx{connection};
  insert_with(tx);
  for (std::size_t place = 0; place < jobs_.ids.size(); ++place) {
    if (const auto one = accepted(place); !one) return one.error();
  }
  insert_scheduled(tx);
  tx.commit();
  return std::nullopt;
}

void AcceptedRows::insert_scheduled(pg::Transaction& tx) const {
  if (scheduled_.ids.empty()) return;
  tx.run(kSchedule, scheduled_.ids, scheduled_.run_ats_ms, scheduled_.priorities);
}

void AcceptedRows::find(pg::Connection& connection) {
  if (has_keys_) {
    read_owners(
        connection.run(kFindOwners, jobs_.ids, jobs_.kinds, jobs_.callers, jobs_.args, jobs_.keys));
  } else {
    accepted_at_ = time_of(connection.run(kFindAccepted, jobs_.ids.front()));
  }
}

void AcceptedRows::read_owners(const pg::Rows& rows) {
  owners_.clear();
  for (const pg::Row row : rows) {
    owners_.push_back({.job = row.get<std::int64_t>("owner"), .is_same = row.get<bool>("is_same")});
    accepted_at_ =
        JobStatus::Time{std::chrono::milliseconds{row.get<std::int64_t>("accepted_at_ms")}};
  }
  base::check(owners_.size() == jobs_.ids.size(), "every accepted job has an owner of its key");
}

bool AcceptedRows::is_replay(std::size_t place) const {
  return has_keys_ && owners_[place].is_same && owners_[place].job != jobs_.ids[place];
}

void AcceptedRows::look_up_replays(pg::Connection& connection) {
  std::vector<std::int64_t> ids;
  for (std::size_t place = 0; place < jobs_.ids.size(); ++place) {
    if (is_replay(place)) ids.push_back(owners_[place].job);
  }
  if (ids.empty()) return;
  for (JobStatus& status : find_jobs(connection, ids)) {
    replayed_.insert_or_assign(status.id.value(), std::move(status));
  }
}

base::Result<Accepted, wire::Problem> AcceptedRows::accepted(std::size_t place) const {
  if (has_keys_ && !owners_[place].is_same) {
    return base::fail(wire::problem::idempotency_key_reused());
  }
  if (!is_replay(place)) return Accepted{.status = status(place)};
  Accepted accepted{.status = status(place), .is_replay = true};
  accepted.status.id = wire::JobId{owners_[place].job};
  const auto found = replayed_.find(owners_[place].job);
  if (found != replayed_.end()) accepted.status = found->second;
  return accepted;
}

JobStatus AcceptedRows::status(std::size_t place) const {
  JobStatus status{.id = wire::JobId{jobs_.ids[place]},
                   .kind = jobs_.kinds[place],
                   .caller = jobs_.callers[place],
                   .max_attempts = jobs_.max_attempts[place],
                   .result = std::nullopt,
                   .problem = std::nullopt,
                   .created_at = accepted_at_,
                   .scheduled_at = accepted_at_,
                   .finalized_at = std::nullopt};
  if (const auto& run_at = jobs_.run_ats[place]) {
    status.state = JobState::kScheduled;
    status.version = 0;
    status.scheduled_at = *run_at;
  }
  return status;
}

}  // namespace engine::jobs
