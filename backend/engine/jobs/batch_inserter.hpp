#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/accept_store.hpp"
#include "engine/jobs/job.hpp"
#include "engine/jobs/job_status.hpp"
#include "engine/jobs/node_lease.hpp"
#include "pg/pool.hpp"
#include "wire/problem.hpp"

#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace engine::jobs {

struct InserterOptions {
  std::size_t queue_jobs_max{8'192};          // Waiting for the next commit; beyond: 503.
  std::size_t commit_jobs_max{4'096};         // Of one commit, so that a statement stays short.
  std::chrono::milliseconds wait_max{5'000};  // For a caller, in all; then: 503.
};

/// Group commit: whatever callers hand in while one commit is on its way to the disk is the next
/// commit. One caller alone waits for one commit; a thousand share one.
///
/// Threads: any may insert; one thread commits, in the order of arrival.
/// Source: LevelDB, DBImpl::Write, has the same shape.
class BatchInserter {
 public:
  /// `accepted` is notified after each commit.
  BatchInserter(pg::Pool& pool,
                NodeLease& ids,
                base::WakeSignal& accepted,
                const base::Log& log,
                InserterOptions options = {});
  ~BatchInserter();
  BatchInserter(const BatchInserter&) = delete;
  BatchInserter& operator=(const BatchInserter&) = delete;

  /// Returns when the job is on disk.
  ///
  /// Errors: 503 when the queue is full or the database away; the detail says whether the job may
  ///         have been stored all the same.
  [[nodiscard]] base::Result<JobStatus, wire::Problem> insert(JobSpec spec);

 private:
  using Reply = base::Result<JobStatus, wire::Problem>;
  struct Waiting {
    JobSpec spec;
    std::promise<Reply> reply;
    std::chrono::steady_clock::time_point deadline;
  };
  using Group = std::vector<std::shared_ptr<Waiting>>;
  using Queue = std::deque<std::shared_ptr<Waiting>>;

  void run(const std::stop_token& stop);
  [[nodiscard]] Group take_group(const std::stop_token& stop);
  void commit(const std::stop_token& stop, const Group& group);
  enum class Stored { kYes, kNotYet, kNever };
  /// One commit over all its attempts.
  struct Commit {
    std::optional<AcceptedRows> rows;
    bool is_in_doubt{false};
  };
  [[nodiscard]] Stored store(const std::stop_token& stop, const Group& group, Commit& commit);
  [[nodiscard]] AcceptedRows rows_of(const Group& group);
  void commit_one_by_one(const std::stop_token& stop, const Group& group);
  [[nodiscard]] bool withdraw(const std::shared_ptr<Waiting>& waiting);

  pg::Pool& pool_;
  NodeLease& ids_;
  base::WakeSignal& accepted_;
  const base::Log& log_;
  const InserterOptions options_;
  base::Guarded<Queue> queue_;
  std::jthread committer_;
};

}  // namespace engine::jobs
