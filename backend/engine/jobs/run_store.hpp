#pragma once

#include "engine/jobs/job_store.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/run.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

/// Every SQL statement that touches runs of long jobs. Each function is one round trip, and one
/// commit where it is given no transaction.
namespace engine::jobs {

/// A long kind, and how many of it may run at once on all hosts together.
struct KindLimit {
  std::string kind;
  int running_max{1};
};

/// A lease on one long job.
struct ClaimedRun {
  Claim claim;
  Job job;
};

/// Leases the most urgent and oldest ready job of a kind of which not too many run.
///
/// Shape:  none when there is nothing to do.
/// Errors: pg::TransientError; then nothing was leased.
[[nodiscard]] std::optional<ClaimedRun> claim_run(pg::Connection& connection,
                                                  NodeLease& ids,
                                                  WorkerId worker,
                                                  const std::vector<KindLimit>& kinds,
                                                  std::chrono::milliseconds lease);

/// Moves the end of leases. Returns the batches that are still the worker's.
[[nodiscard]] std::vector<std::int64_t> renew_runs(pg::Connection& connection,
                                                   WorkerId worker,
                                                   std::span<const Claim> claims,
                                                   std::chrono::milliseconds lease);

/// Of these jobs, those that somebody wants stopped.
[[nodiscard]] std::vector<std::int64_t> find_asked_to_stop(pg::Connection& connection,
                                                           const std::vector<std::int64_t>& jobs);

/// False: the lease was lost, and nothing is stored.
[[nodiscard]] bool report_run(pg::Connection& connection,
                              WorkerId worker,
                              const ClaimedRun& run,
                              const Run::Report& report);
/// The same in a transaction that somebody else commits.
[[nodiscard]] bool report_run(pg::Transaction& tx,
                              WorkerId worker,
                              const ClaimedRun& run,
                              const Run::Report& report);

/// The kind of a run that is still the worker's.
[[nodiscard]] std::optional<std::string> find_held_kind(pg::Connection& connection,
                                                        WorkerId worker,
                                                        const ClaimedRun& run);

/// Keeps everybody else from reporting, renewing or ending the run until `tx` ends. False: the
/// lease was lost.
[[nodiscard]] bool lock_run(pg::Transaction& tx, WorkerId worker, const ClaimedRun& run);

/// What is stored of a run so far.
struct RunReports {
  std::int32_t last{0};  // The number of the last report.
  std::int32_t pieces{0};
  std::int64_t piece_bytes{0};
};
[[nodiscard]] RunReports read_reports(pg::Transaction& tx, wire::JobId job);

enum class LeftRun { kEnded, kGivenBack, kLost };
/// Ends the job as somebody asked while it ran; without that it waits for somebody else, and the
/// attempt is not counted.
LeftRun leave_run(pg::Connection& connection, WorkerId worker, const ClaimedRun& run);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> run_store_statements();

}  // namespace engine::jobs
