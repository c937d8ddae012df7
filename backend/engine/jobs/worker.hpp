#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/job_store.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "engine/jobs/work_gate.hpp"
#include "pg/listener.hpp"
#include "pg/pool.hpp"

#include <chrono>
#include <optional>
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
  WorkGate* gate{
      nullptr};  // What all workers of the process go through; null: there is but this one.
  std::chrono::milliseconds look_apart_every{1'000};  // For work that is set apart; without a gate.
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

  /// What a handler has in hand that has not returned.
  struct AtWork {
    WorkerId worker;
    std::vector<Claim> claims;
    std::chrono::steady_clock::time_point since;
    pg::Connection* connection{nullptr};
  };
  /// Breaks off the transaction of a handler that began before `since` and has not returned, and
  /// ends this worker once it does: nothing else stops a thread. None: there is no such handler.
  /// Threads: any.
  std::optional<AtWork> abandon(std::chrono::steady_clock::time_point since);

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<WorkerId> take_worker_id(const std::stop_token& stop);
  [[nodiscard]] std::vector<Claim> claim(const std::stop_token& stop);
  [[nodiscard]] std::chrono::milliseconds longest_poll() const;
  void work_apart(const std::stop_token& stop);
  void stop_being_alone();
  void work_all(const std::stop_token& stop, std::vector<Claim> claims);
  enum class Work { kSettled, kStopped };
  [[nodiscard]] Work work(const std::stop_token& stop, std::span<const Claim> claims);
  enum class Attempt { kEnded, kAgain, kFailed };
  [[nodiscard]] Attempt attempt(const std::stop_token& stop, std::span<const Claim> claims);
  [[nodiscard]] std::vector<Outcome> handle(const WorkInHand& work,
                                            std::span<const Claim> claims,
                                            pg::Connection& connection,
                                            pg::Transaction& tx);
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
  bool has_lost_database_{false};
  bool is_alone_{false};
  std::minstd_rand chance_;
  base::Guarded<std::optional<AtWork>> at_work_;
  WorkGate own_gate_;
  WorkGate& gate_;
  std::jthread thread_;
};

}  // namespace engine::jobs
