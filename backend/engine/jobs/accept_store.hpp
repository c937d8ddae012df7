#pragma once

#include "base/result.hpp"
#include "engine/jobs/job.hpp"
#include "engine/jobs/job_status.hpp"
#include "engine/jobs/node_lease.hpp"
#include "pg/connection.hpp"
#include "pg/transaction.hpp"
#include "wire/problem.hpp"

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace engine::jobs {

/// What became of one spec.
struct Accepted {
  JobStatus status;       // As it was accepted, or as that of its key stands.
  bool is_replay{false};  // Its key had a job already.
};

/// The rows of one accepting commit, with their ids: made once, so that inserting them again after
/// a doubtful commit either stores them or shows that they are stored.
class AcceptedRows {
 public:
  /// One batch per kind and priority, in order of first appearance. None when no ids can be made.
  [[nodiscard]] static std::optional<AcceptedRows> of(const std::vector<const JobSpec*>& specs,
                                                      NodeLease& ids);

  /// Stores everything in one statement, one round trip, one commit; with jobs that are to run
  /// later in four round trips. Specs whose idempotency key has a job already are not stored.
  ///
  /// Errors: pg::InDoubt; pg::UniqueViolation when exactly these rows are stored already.
  void insert(pg::Connection& connection);
  /// Stores everything in a transaction that somebody else commits.
  /// Errors: as insert().
  void insert_within(pg::Transaction& tx);
  /// Stores nothing at all when a key was used for something else, and says so: three round trips.
  /// Errors: as insert().
  [[nodiscard]] std::optional<wire::Problem> insert_all_or_none(pg::Connection& connection);
  /// Reads what insert() would have learned, for rows that turned out to be stored.
  void find(pg::Connection& connection);

  /// Reads how the jobs stand that keys had already; no round trip where there are none. Of one
  /// that is not there any more, or without this, is known what was asked for this time. Keys are
  /// dropped before the jobs they name; only --keep-jobs below a day can turn that around.
  void look_up_replays(pg::Connection& connection);

  /// Shape: in the order of the specs. After insert() or find().
  /// Errors: idempotency-key-reused, when the job of that key was asked for something else.
  [[nodiscard]] base::Result<Accepted, wire::Problem> accepted(std::size_t place) const;
  [[nodiscard]] JobStatus status(std::size_t place) const;

 private:
  struct Batches {
    std::vector<std::int64_t> ids;
    std::vector<std::string> kinds;
    std::vector<std::int16_t> priorities;
    std::vector<std::int32_t> jobs;
    std::vector<std::int32_t> bytes;
  };
  struct Jobs {
    std::vector<std::int64_t> ids;
    std::vector<std::string> kinds;
    std::vector<std::string> callers;
    std::vector<std::string> args;
    std::vector<std::int16_t> max_attempts;
    std::vector<std::optional<std::string>> traceparents;
    std::vector<std::optional<std::string>> request_ids;
    std::vector<std::optional<std::string>> keys;
    std::vector<std::optional<JobStatus::Time>> run_ats;
  };
  /// Those of the jobs that wait for their time, in no batch; their ids are drawn like a batch's.
  struct Scheduled {
    std::vector<std::int64_t> ids;
    std::vector<std::int64_t> run_ats_ms;
    std::vector<std::int16_t> priorities;
    std::optional<BatchId> drawn{};
    std::size_t drawn_jobs{0};
  };
  struct Owner {
    std::int64_t job;
    bool is_same;
  };

  [[nodiscard]] bool add(const JobSpec& spec, NodeLease& ids);
  [[nodiscard]] std::optional<wire::JobId> batched_id(const JobSpec& spec, NodeLease& ids);
  [[nodiscard]] std::optional<wire::JobId> scheduled_id(const JobSpec& spec, NodeLease& ids);
  void insert_scheduled(pg::Transaction& tx) const;
  // A connection or a transaction runs the statement.
  template <typename Runner>
  void insert_with(Runner& runner);
  void read_owners(const pg::Rows& rows);
  [[nodiscard]] bool is_replay(std::size_t place) const;

  Batches batches_;
  Jobs jobs_;
  Scheduled scheduled_;
  bool has_keys_{false};
  std::vector<Owner> owners_;  // One for each job, when there are keys.
  std::unordered_map<std::int64_t, JobStatus> replayed_;
  JobStatus::Time accepted_at_;
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> accept_store_statements();

}  // namespace engine::jobs
