#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/accept_store.hpp"
#include "engine/jobs/crowd.hpp"
#include "engine/jobs/job.hpp"
#include "engine/jobs/job_status.hpp"
#include "engine/jobs/node_lease.hpp"
#include "pg/pool.hpp"
#include "wire/problem.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace engine::jobs {

struct InserterOptions {
  std::size_t queue_jobs_max{8'192};   // Waiting for the next commit; beyond: 503.
  std::size_t commit_jobs_max{4'096};  // Of one commit, so that a statement stays short.
  // The next commit begins no sooner than `gather_for` after the last one began, unless everybody
  // waits for it who was there at once within the last `crowd_window`, or two, or `gather_jobs`.
  // One caller alone, who comes again when it was told, never waits. At 1,000 jobs a second, by the
  // clock, a commit and a claim have 2.4 jobs, which cost 89 % of a bare row's processor time (at
  // 2 ms 100 %, one by one 213 %). 8 connections store 8,600 jobs a second, and 3,000 if they wait
  // for the time. Waiting for 64 instead of 16 held busy connections to 430 commits a second
  // instead of 490 to 680.
  std::chrono::microseconds gather_for{2'500};
  std::chrono::milliseconds crowd_window{20};
  std::size_t gather_jobs{16};
  // For a caller, in all; then: 503. With the 2 s that a request may wait for its handler well
  // below the 10 s within which every client has a reply.
  std::chrono::milliseconds wait_max{5'000};
  // A commit that takes longer means that the database does not reply: whoever waits behind it and
  // whoever comes is told so at once. An fsync of 300 ms, seen on bad disks, is far below.
  std::chrono::milliseconds stuck_after{2'000};
};

/// Group commit: whatever callers hand in while one commit is on its way to the disk is the next
/// commit. One caller alone waits for one commit; a thousand share one.
///
/// *The database does not reply* is a state: it begins when a commit has been under way for
/// `stuck_after` and ends with the first success. In it one caller at a time is let in, to find
/// out; all others, and those who wait for the next commit, have their 503 at once.
///
/// Threads: any may insert, and none waits; one commits, in the order of arrival, and one tells
/// what became of it, so that the next commit need not wait until everybody has been told.
/// Source: LevelDB, DBImpl::Write, has the same shape.
class BatchInserter {
 public:
  using Reply = base::Result<std::vector<Accepted>, wire::Problem>;

  /// `accepted` is notified after each commit.
  BatchInserter(pg::Pool& pool,
                NodeLease& ids,
                base::WakeSignal& accepted,
                const base::Log& log,
                InserterOptions options = {});
  ~BatchInserter();
  BatchInserter(const BatchInserter&) = delete;
  BatchInserter& operator=(const BatchInserter&) = delete;

  /// Stores all of them in one commit, or none. Shape: at least one, at most `commit_jobs_max`.
  ///
  /// `tell` is called once: with one reply for each, in their order, when all are on disk, or when
  /// that of the same idempotency key is. It is called from this thread when nothing can be stored
  /// now, else from another that serves everybody, so it must be quick.
  ///
  /// Errors: 503 when the queue is full or the database does not reply, within `wait_max`; the
  ///         detail says whether the jobs may have been stored all the same. 422 when a key's job
  ///         was asked for something else: it refuses all.
  void insert(std::vector<JobSpec> specs, std::function<void(Reply)> tell);

 private:
  using Monotonic = Crowd::Monotonic;
  struct Waiting {
    std::vector<JobSpec> specs;
    std::function<void(Reply)> tell;  // Empty once it was called; for the teller alone.
    Monotonic deadline;
    bool tries{false};  // The one that finds out whether the database replies again.
  };
  using Group = std::vector<std::shared_ptr<Waiting>>;
  struct State {
    std::deque<std::shared_ptr<Waiting>> queue{};
    std::size_t queue_jobs{0};                  // Of all that are in it.
    bool is_gathering{false};                   // The committer sleeps until there are enough.
    Crowd crowd;                                // Requests that wait or are in a commit.
    std::shared_ptr<const Group> committing{};  // None: no commit is under way.
    // When the oldest commit without a success after it began; none: the last one succeeded.
    std::optional<Monotonic> silent_since{};
  };
  /// What became of a group.
  struct Outcome {
    std::shared_ptr<const Group> group;
    base::Result<AcceptedRows, wire::Problem> rows;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] std::shared_ptr<const Group> take_group(const std::stop_token& stop);
  void gather(const std::stop_token& stop, Monotonic until);
  [[nodiscard]] bool has_enough(const State& state) const;
  [[nodiscard]] std::optional<wire::Problem> enqueue(const std::shared_ptr<Waiting>& waiting);
  [[nodiscard]] bool is_silent(const State& state) const;
  void commit(const std::stop_token& stop, const std::shared_ptr<const Group>& group);
  void note_attempt();
  void note_reply();
  enum class Stored { kYes, kNotYet, kRefused, kNever };
  /// One commit over all its attempts.
  struct Commit {
    std::optional<AcceptedRows> rows;
    std::optional<wire::Problem> refused{};  // Nothing of it was stored.
    bool is_in_doubt{false};
  };
  [[nodiscard]] Stored store(const std::stop_token& stop, const Group& group, Commit& commit);
  // Why nothing of it was stored, if it was refused.
  [[nodiscard]] static std::optional<wire::Problem> insert_or_find(pg::Connection& connection,
                                                                   const Group& group,
                                                                   Commit& commit);
  void look_up_replays(pg::Connection& connection, AcceptedRows& rows);
  [[nodiscard]] AcceptedRows rows_of(const Group& group);
  void commit_one_by_one(const std::stop_token& stop, const Group& group);

  void run_teller(const std::stop_token& stop);
  static void tell_all(const Outcome& outcome);
  // Whoever has waited for as long as it may, or waits for a database that does not reply.
  void tell_overdue();
  [[nodiscard]] Group withdraw_overdue();
  [[nodiscard]] Group overdue_in_commit() const;

  pg::Pool& pool_;
  NodeLease& ids_;
  base::WakeSignal& accepted_;
  const base::Log& log_;
  const InserterOptions options_;
  base::Guarded<State> state_;
  base::Guarded<std::vector<Outcome>> outcomes_;
  std::jthread committer_;
  std::jthread teller_;
};

}  // namespace engine::jobs
