#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/batch_inserter.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/job_store.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/worker.hpp"
#include "pg/pool.hpp"
#include "support/pg_fixture.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace jobs_test {

/// What a handler does in a test.
using Handle = std::function<std::vector<engine::jobs::Outcome>(std::span<const engine::jobs::Job>,
                                                                pg::Transaction&)>;

/// A database with the engine's tables and a table `effect(job_id, worker)` that handlers write to;
/// and the words to say what happens to jobs.
class JobsCase : public support::PgFixture {
 public:
  static constexpr const char* kKind = "test.act";

  JobsCase();
  /// On another server than that of scripts/with-services.
  explicit JobsCase(std::string server_url);

  /// Accepts `count` jobs in one commit with the arguments {"n": 0}, {"n": 1} …
  std::vector<wire::JobId> accept(int count, std::int16_t max_attempts = 5);
  void insert(engine::jobs::AcceptedRows& rows);
  [[nodiscard]] static engine::jobs::JobSpec spec(int n, std::int16_t max_attempts = 5);

  [[nodiscard]] std::vector<engine::jobs::Claim> claim(engine::jobs::WorkerId worker,
                                                       engine::jobs::ClaimBudget budget = {});
  [[nodiscard]] std::vector<engine::jobs::Claim> claim_apart(
      engine::jobs::WorkerId worker, std::chrono::milliseconds lease = std::chrono::seconds{20});
  /// Runs workers until every job is final.
  void work_until_all_ended(const Handle& handle, int workers = 1);

  [[nodiscard]] engine::jobs::JobStatus status(wire::JobId id);
  /// "3 completed, 1 discarded"
  [[nodiscard]] std::string ends();
  [[nodiscard]] int open_jobs();
  [[nodiscard]] std::vector<std::int64_t> piece_ids();

  base::SystemClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::WakeSignal accepted;
  base::WakeSignal appended;
  pg::Pool pool;
  engine::jobs::NodeLease ids;
};

/// The job's own result, and one event.
[[nodiscard]] engine::jobs::Completed effect_of(const engine::jobs::Job& job);

/// Writes one effect per job and completes it, with an event when `cell` is given.
[[nodiscard]] std::vector<engine::jobs::Outcome> act(std::span<const engine::jobs::Job> jobs,
                                                     pg::Transaction& tx);

[[nodiscard]] std::unique_ptr<engine::jobs::BatchHandler> handler(Handle handle);

}  // namespace jobs_test
