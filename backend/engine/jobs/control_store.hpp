#pragma once

#include "engine/jobs/job_status.hpp"
#include "pg/connection.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What operators and callers do to jobs: look, cancel, hold back. SQL:
/// sql/engine/0008_control.sql.
namespace engine::jobs {

/// What became of ending a job early.
enum class EndedEarly {
  kDone,    // By this call.
  kAsked,   // It is running: whoever carries it out is asked to stop.
  kFinal,   // It had ended.
  kAbsent,  // No such job of theirs.
  kBusy     // A worker has locked it: it is being carried out at this moment.
};

/// Ends a job before it is carried out, or asks for its end while it runs. `by` is whose it must
/// be; none: anybody's. Limits: waits up to 1 s for a worker that has the job's batch.
[[nodiscard]] EndedEarly cancel_job(pg::Connection& connection,
                                    wire::JobId id,
                                    const std::optional<std::string>& by);

/// Ends a job as discarded before it is carried out, for a reason that its problem tells.
/// Limits: as cancel_job().
[[nodiscard]] EndedEarly discard_job(pg::Connection& connection,
                                     wire::JobId id,
                                     const std::string& reason);

struct Redriven {
  wire::JobId id;
  std::string said;  // "redriven", or why not: the words of engine.redrive.
};

/// Makes jobs that were discarded or cancelled wait for a worker again.
/// Shape: each id once, in ascending order. One transaction.
[[nodiscard]] std::vector<Redriven> redrive_jobs(pg::Connection& connection,
                                                 const std::vector<wire::JobId>& ids);

/// One line of a list.
struct JobLine {
  wire::JobId id;
  std::string kind;
  std::string caller;
  std::string state;
  int attempt{0};
  int max_attempts{0};
  JobStatus::Time created_at{};
};

struct JobFilter {
  std::optional<std::string> state{};
  std::optional<std::string> kind{};
  std::optional<std::string> caller{};
  int limit{50};
};

/// The newest jobs that pass the filter, newest first.
[[nodiscard]] std::vector<JobLine> list_jobs(pg::Connection& connection, const JobFilter& filter);

struct FailedAttemptLine {
  int attempt{0};
  std::string problem;  // JSON text
  JobStatus::Time failed_at{};
};

/// The failed attempts of a job, oldest first.
[[nodiscard]] std::vector<FailedAttemptLine> list_failures(pg::Connection& connection,
                                                           wire::JobId id);

/// How one kind of job stands.
struct KindLine {
  std::string kind;
  bool is_paused{false};
  std::int64_t ready{0};    // Nobody has claimed them.
  std::int64_t claimed{0};  // A worker has.
  std::int64_t waiting{0};  // For their retry or their time.
  std::int64_t oldest_ready_s{0};
  std::int64_t completed{0};  // In the last 24 hours, as the other ends.
  std::int64_t discarded{0};
  std::int64_t cancelled{0};
};

[[nodiscard]] std::vector<KindLine> kind_stats(pg::Connection& connection);

/// From now on nobody claims jobs of this kind; those that are claimed already are carried out.
/// False: it was paused.
bool pause_kind(pg::Connection& connection, const std::string& kind);
/// False: it was not paused.
bool resume_kind(pg::Connection& connection, const std::string& kind);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> control_store_statements();

}  // namespace engine::jobs
