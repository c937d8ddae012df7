#pragma once

#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/job_store.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "pg/listener.hpp"
#include "pg/pool.hpp"

#include <random>
#include <span>
#include <thread>
#include <vector>

namespace engine::jobs {

struct WorkerOptions {
  ClaimBudget budget{};
  // How often an idle worker looks by itself; it is woken at once by what this process accepts.
  std::chrono::milliseconds poll_min{5};
  std::chrono::milliseconds poll_max{200};
  // While `listener` tells of what other processes accept: then a poll is only the safety net.
  std::chrono::milliseconds poll_heard{1'000};
  const pg::Listener* listener{nullptr};  // Null: nobody tells.
  StatusPublisher* statuses{nullptr};     // Told how jobs ended or failed; null: nobody follows.
};

/// One thread that claims batches, lets handlers do the work, and commits it.
///
/// A claim only leads to the lock; effects, results, events and the end of the batch are one
/// transaction that begins by taking it. Whatever dies in between is done again, whole. A stop ends
/// what is at work and gives back what is not.
/// Threads: owns one; everything it is given is shared.
class Worker {
 public:
  /// `accepted` wakes it; `appended` is notified after each commit that may have appended events.
  Worker(pg::Pool& pool,
         const HandlerRegistry& handlers,
         NodeLease& ids,
         base::WakeSignal& accepted,
         base::WakeSignal& appended,
         const base::Log& log,
         WorkerOptions options = {});

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<WorkerId> take_worker_id(const std::stop_token& stop);
  [[nodiscard]] std::vector<Claim> claim(const std::stop_token& stop);
  [[nodiscard]] std::chrono::milliseconds longest_poll() const;
  void work_all(const std::stop_token& stop, std::vector<Claim> claims);
  enum class Work { kSettled, kStopped };
  [[nodiscard]] Work work(const std::stop_token& stop, std::span<const Claim> claims);
  enum class Attempt { kEnded, kAgain, kFailed };
  [[nodiscard]] Attempt attempt(const std::stop_token& stop, std::span<const Claim> claims);
  [[nodiscard]] Work fail(const std::stop_token& stop, const Claim& claim);
  void give_back(std::span<const Claim> claims);

  pg::Pool& pool_;
  const HandlerRegistry& handlers_;
  NodeLease& ids_;
  base::WakeSignal& accepted_;
  base::WakeSignal& appended_;
  const base::Log& log_;
  const WorkerOptions options_;
  const std::vector<std::string> kinds_;
  WorkerId id_;
  std::minstd_rand chance_;
  std::jthread thread_;
};

}  // namespace engine::jobs
