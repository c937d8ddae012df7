#include "engine/jobs/status_store.hpp"

#include "base/check.hpp"
#include "wire/problem.hpp"

#include <array>
#include <utility>

namespace engine::jobs {
namespace {

// One id or many: a nested loop from the ids, which looks into one partition for each of them.
constexpr pg::Statement kFind{"job_find", R"(
  select j.id, j.kind, j.caller, j.max_attempts,
         (extract(epoch from j.accepted_at) * 1000)::bigint as accepted_at_ms,
         r.state::text as final_state, r.attempt as final_attempt, r.result, r.problem,
         (extract(epoch from r.finalized_at) * 1000)::bigint as finalized_at_ms,
         (extract(epoch from d.run_at) * 1000)::bigint as run_at_ms,
         (select count(*) from engine.failure f where f.job_id = j.id) as failures,
         coalesce(w.redrives, 0)::integer as redrives, coalesce(w.snoozes, 0) as snoozes,
         coalesce(w.attempts_before, 0)::smallint as attempts_before,
         coalesce(u.changes, 0) as changes, u.percent, u.note,
         (extract(epoch from u.stop_requested_at) * 1000)::bigint as stop_requested_at_ms,
         case when u.job_id is null then false else engine.is_running(u) end as is_running,
         case when u.job_id is null then null else (
           select json_agg(p.body order by p.place)::text
           from engine.partial p where p.job_id = j.id)
         end as partial
  from unnest($1::bigint[]) as wanted (id)
  join engine.job j on j.id = wanted.id
  left join engine.result r on r.job_id = j.id
  left join engine.deferred d on d.job_id = j.id
  left join engine.detour w on w.job_id = j.id
  left join engine.run u on u.job_id = j.id)"};

constexpr std::array kStatements{kFind};

JobStatus::Time time_of(std::int64_t milliseconds) {
  return JobStatus::Time{std::chrono::milliseconds{milliseconds}};
}

/// The versions of a job between two of its ways round. Each failure and each snooze is one step
/// out of `available` and one back; a redrive is one more, because it begins at an end.
struct Versions {
  std::int64_t deferred;  // While it waits for its time.

  static Versions of(std::int64_t failures, std::int64_t snoozes, std::int64_t redrives) {
    return {2 * failures + 2 * snoozes + 3 * redrives};
  }
  /// With the changes of its runs, which come between.
  [[nodiscard]] Versions plus(std::int64_t changes) const { return {deferred + changes}; }
  [[nodiscard]] std::int64_t available() const { return deferred + 1; }
  [[nodiscard]] std::int64_t final() const { return deferred + 2; }
};

JobState final_state(const std::string& text) {
  if (text == "completed") return JobState::kCompleted;
  if (text == "discarded") return JobState::kDiscarded;
  base::check(text == "cancelled", "a result has a state that this program does not know");
  return JobState::kCancelled;
}

void read_run(const pg::Row& row, JobStatus& status) {
  if (const auto percent = row.get<std::optional<std::int16_t>>("percent")) {
    status.percent = *percent;
    status.note = row.get<std::optional<std::string>>("note").value_or("");
  }
  if (auto partial = row.get<std::optional<std::string>>("partial")) {
    status.partial = std::move(*partial);
  }
  if (const auto asked = row.get<std::optional<std::int64_t>>("stop_requested_at_ms")) {
    status.stop_requested_at = time_of(*asked);
  }
}

JobStatus status_of(const pg::Row& row) {
  JobStatus status{.id = wire::JobId{row.get<std::int64_t>("id")},
                   .kind = row.get<std::string>("kind"),
                   .caller = row.get<std::string>("caller"),
                   .max_attempts = row.get<std::int16_t>("max_attempts") +
                                   row.get<std::int16_t>("attempts_before"),
                   .result = row.get<std::optional<std::string>>("result"),
                   .problem = row.get<std::optional<std::string>>("problem"),
                   .created_at = time_of(row.get<std::int64_t>("accepted_at_ms")),
                   .scheduled_at = time_of(row.get<std::int64_t>("accepted_at_ms")),
                   .finalized_at = std::nullopt};
  const auto failures = row.get<std::int64_t>("failures");
  const auto versions =
      Versions::of(failures, row.get<std::int32_t>("snoozes"), row.get<std::int32_t>("redrives"))
          .plus(row.get<std::int32_t>("changes"));
  read_run(row, status);
  status.attempt = static_cast<int>(failures);
  if (const auto state = row.get<std::optional<std::string>>("final_state")) {
    status.state = final_state(*state);
    status.version = versions.final();
    status.attempt = row.get<std::int16_t>("final_attempt");
    status.finalized_at = time_of(row.get<std::int64_t>("finalized_at_ms"));
  } else if (const auto run_at = row.get<std::optional<std::int64_t>>("run_at_ms")) {
    status.state = failures > 0 ? JobState::kRetryable : JobState::kScheduled;
    status.version = versions.deferred;
    status.scheduled_at = time_of(*run_at);
  } else {
    if (row.get<bool>("is_running")) status.state = JobState::kRunning;
    status.version = versions.available();
  }
  return status;
}

}  // namespace

std::span<const pg::Statement> status_store_statements() {
  return kStatements;
}

std::vector<JobStatus> find_jobs(pg::Connection& connection, const std::vector<std::int64_t>& ids) {
  std::vector<JobStatus> statuses;
  for (const pg::Row row : connection.run(kFind, ids)) statuses.push_back(status_of(row));
  return statuses;
}

std::optional<JobStatus> find_job(pg::Connection& connection, wire::JobId id) {
  auto found = find_jobs(connection, {id.value()});
  return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

void publish_status(pg::Connection& connection, wire::JobId id, StatusPublisher* statuses) {
  if (!statuses) return;
  if (auto status = find_job(connection, id)) statuses->publish({std::move(*status)});
}

std::vector<JobStatus> statuses_after(const WorkInHand& work, std::span<const Outcome> outcomes) {
  std::vector<JobStatus> statuses;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Job& job = work.jobs[i];
    const auto versions = Versions::of(job.attempt - 1, job.snoozes, job.redrives);
    JobStatus status{.id = job.id,
                     .kind = job.kind,
                     .caller = job.caller,
                     .version = versions.final(),
                     .attempt = job.attempt,
                     .max_attempts = job.max_attempts,
                     .result = std::nullopt,
                     .problem = std::nullopt,
                     .created_at = job.accepted_at,
                     .scheduled_at = job.accepted_at,
                     .finalized_at = work.locked_at};
    if (const auto* completed = std::get_if<Completed>(&outcomes[i])) {
      status.state = JobState::kCompleted;
      status.result = base::to_text(completed->result);
    } else if (const auto* discarded = std::get_if<Discarded>(&outcomes[i])) {
      status.state = JobState::kDiscarded;
      status.problem = base::to_text(wire::to_json(discarded->problem));
    } else {
      status.attempt = job.attempt - 1;
      status.state = status.attempt > 0 ? JobState::kRetryable : JobState::kScheduled;
      status.version = Versions::of(status.attempt, job.snoozes + 1, job.redrives).deferred;
      status.scheduled_at = work.locked_at + std::get<Snoozed>(outcomes[i]).delay;
      status.finalized_at.reset();
    }
    statuses.push_back(std::move(status));
  }
  return statuses;
}

}  // namespace engine::jobs
