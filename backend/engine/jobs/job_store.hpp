#pragma once

#include "base/json.hpp"
#include "engine/jobs/batch_id.hpp"
#include "engine/jobs/job.hpp"
#include "engine/jobs/job_status.hpp"
#include "engine/jobs/outcome.hpp"
#include "pg/connection.hpp"
#include "pg/transaction.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Every SQL statement that touches jobs and batches, and nothing else. The clock is the
/// database's.
///
/// States and their arrows: docs/job-states.md. Each function is one round trip.
namespace engine::jobs {

/// A lease on one batch. The attempt and the worker are the fence: once anybody else has claimed
/// the batch, nothing done under this claim can commit.
struct Claim {
  BatchId batch;
  std::string kind;
  std::int16_t attempt{0};
  int jobs{0};
  int bytes{0};  // Of all their arguments; 0 for a batch that is set apart.
};

/// Which worker holds a claim: unique for each worker thread that ever ran.
struct WorkerId {
  std::int64_t value{0};
};

struct ClaimBudget {
  int jobs_max{512};               // Small enough that one transaction takes milliseconds.
  int bytes_max{4 * 1024 * 1024};  // A claim is bounded in bytes: the server never blocks sending.
  std::chrono::seconds lease{20};  // Only covers the way to the lock.
  bool is_careful{false};          // The claim is on disk before the work begins.
};

/// Batches that a transaction has locked, and those of their jobs that have not ended.
struct WorkInHand {
  std::vector<std::int64_t> batches;
  std::vector<Job> jobs;
  JobStatus::Time locked_at;  // The transaction's now(), and so when its jobs end.
};

/// Leases ready batches of the given kinds, kind by kind: first that with the most urgent batch, of
/// equals the oldest, and of one kind the most urgent and oldest first.
///
/// Shape:  at least one batch if any is ready; jobs in sum about the budget.
/// Errors: pg::TransientError; then nothing was leased.
/// Source: PostgreSQL 15 manual, SELECT, "The Locking Clause" (FOR UPDATE SKIP LOCKED).
[[nodiscard]] std::vector<Claim> claim_batches(pg::Connection& connection,
                                               WorkerId worker,
                                               const std::vector<std::string>& kinds,
                                               const ClaimBudget& budget);

/// Whether a batch of these kinds waits that is set apart, and may be claimed.
[[nodiscard]] bool is_any_apart(pg::Connection& connection, const std::vector<std::string>& kinds);

/// Leases one of those. Whoever does so carries out nothing else meanwhile.
/// Shape:  one or none.
[[nodiscard]] std::vector<Claim> claim_apart(pg::Connection& connection,
                                             WorkerId worker,
                                             const std::vector<std::string>& kinds,
                                             std::chrono::milliseconds lease);

/// Locks claimed batches, first step of the work's own transaction. Claims that were lost, and
/// batches that were completed already, are simply not in what comes back.
[[nodiscard]] WorkInHand lock_work(pg::Transaction& tx,
                                   WorkerId worker,
                                   std::span<const Claim> claims);

/// Ends all jobs in hand, or puts them off, and commits, results and events with it; `source` names
/// the app.
///
/// Shape:  one outcome per job, in order.
/// Errors: pg::UniqueViolation when a job ended meanwhile: nothing is stored, lock the work again;
///         std::length_error for an event larger than outbox::kDataBytesMax or a result larger than
///         kResultBytesMax; std::out_of_range for
///         a snooze longer than kSnoozeMax.
void complete_and_commit(pg::Transaction& tx,
                         const WorkInHand& work,
                         std::span<const Outcome> outcomes,
                         const std::string& source);

/// What was wrong with an attempt, and when the job may be tried again; none: never.
struct FailedAttempt {
  base::Json problem;
  std::optional<std::chrono::milliseconds> retry_in;
};

/// Gives a failed claim back: many jobs in smaller batches, one job as a retry or discarded.
/// `piece_ids` are new batch ids for the pieces.
///
/// Shape: the job whose attempt ended so; none when the batch was split or the claim was lost.
std::optional<wire::JobId> fail_batch(pg::Connection& connection,
                                      WorkerId worker,
                                      const Claim& claim,
                                      const FailedAttempt& failed,
                                      const std::vector<std::int64_t>& piece_ids);

/// Gives back a claim that may bring its process down, to be carried out with nothing beside it;
/// many jobs in smaller batches. No attempt is counted. False: the claim was lost.
bool set_apart(pg::Connection& connection,
               WorkerId worker,
               const Claim& claim,
               const std::vector<std::int64_t>& piece_ids);

/// Gives back claims whose work was not begun; no attempt is counted. Returns how many were still
/// held.
int give_back_claims(pg::Connection& connection, WorkerId worker, std::span<const Claim> claims);

struct Rescued {
  bool is_any{false};              // False when no batch was stranded.
  std::optional<wire::JobId> job;  // Whose attempt ended so; none when the batch was split.
};

/// Takes one batch from a worker that died or was stopped before it reached the lock.
[[nodiscard]] Rescued rescue_batch(pg::Connection& connection,
                                   const base::Json& problem,
                                   const std::vector<std::int64_t>& piece_ids);

/// Makes deferred jobs that are due ready again, at most one per id. Returns how many.
[[nodiscard]] int promote_due(pg::Connection& connection,
                              const std::vector<std::int64_t>& batch_ids);

/// Ends transactions on connections of the same name as this one that are older than `age_max`.
/// Returns how many.
int end_old_transactions(pg::Connection& connection, std::chrono::milliseconds age_max);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> job_store_statements();

}  // namespace engine::jobs
