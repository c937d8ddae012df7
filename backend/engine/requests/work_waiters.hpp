#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/outside_runs.hpp"
#include "engine/requests/job_waiters.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace engine::requests {

/// Outside workers that wait for work: any number on one thread, which claims for them in the order
/// in which they came, and holds a connection only while it claims.
///
/// Threads: any may add; owns one.
class WorkWaiters {
 public:
  using Claimed = std::vector<jobs::OutsideRuns::Claimed>;
  struct Wait {
    std::vector<std::string> kinds;
    int limit{1};
    std::chrono::steady_clock::time_point until;
    std::stop_token stopping;
    std::function<void(const Claimed&)> reply;  // Called once; empty when nothing came.
  };

  /// `ready` is notified when this process knows of jobs that may be claimed; without that they are
  /// found every `look_every`.
  WorkWaiters(const jobs::OutsideRuns& runs,
              base::WakeSignal& ready,
              const base::Log& log,
              WaiterOptions options = {});

  /// False when too many wait already: then `wait` is untouched.
  [[nodiscard]] bool add(Wait& wait);

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    std::vector<Wait> arrived;
    std::size_t waiting{0};  // Those that the thread has, too.
  };

  void run(const std::stop_token& stop);
  void offer_work();
  void reply_to_due();
  void take_arrived();

  const jobs::OutsideRuns& runs_;
  base::WakeSignal& ready_;
  const base::Log& log_;
  const WaiterOptions options_;
  base::Guarded<State> state_;
  std::vector<Wait> waits_;  // The thread's own, in the order in which they came.
  std::jthread thread_;
};

}  // namespace engine::requests
