#pragma once

#include "engine/jobs/worker.hpp"

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace engine::jobs {

struct WorkersOptions {
  std::size_t count{2};
  WorkerOptions worker{};
  // How long a handler may take for what it was given. Less than the lease, so that whoever gives
  // up on it still holds the claim; a handler that waits for nothing takes milliseconds.
  std::chrono::milliseconds handle_max{15'000};
  std::chrono::milliseconds look_apart_every{1'000};  // For work that is set apart.
  std::size_t lost_max{8};  // So many threads are replaced; after that their kinds are paused.
};

/// The workers of a process, and a watch that replaces one whose handler does not return.
///
/// Such a handler keeps its thread, because nothing stops a thread, but not its jobs: its
/// transaction is broken off; a job that it had alone is discarded at once, since each try would
/// cost a thread; many jobs are set apart until it is known which of them was at fault. Destroy =
/// stopped: handlers that are at work are waited for. Threads: owns `count` + 1; everything it is
/// given is shared.
class Workers {
 public:
  /// `ready` wakes them; `appended` is notified after each commit that may have appended events.
  struct Surroundings {
    pg::Pool& pool;
    const HandlerRegistry& handlers;
    NodeLease& ids;
    base::WakeSignal& ready;
    base::WakeSignal& appended;
    const base::Log& log;
  };
  explicit Workers(const Surroundings& around, WorkersOptions options = {});
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  /// Connections of `pool` that they hold at the most at once.
  [[nodiscard]] static std::size_t connections_max(const WorkersOptions& options) {
    return options.count + options.lost_max + 1;
  }

 private:
  [[nodiscard]] std::unique_ptr<Worker> start();
  void watch(const std::stop_token& stop);
  void settle(const std::stop_token& stop, const Worker::AtWork& lost);
  void settle_claim(pg::Connection& connection, WorkerId worker, const Claim& claim, bool is_alone);
  void pause(const std::stop_token& stop, const std::string& kind);

  const Surroundings around_;
  const WorkersOptions options_;
  WorkGate gate_;
  std::vector<std::unique_ptr<Worker>> workers_;  // The watch's, as long as that runs.
  std::vector<std::unique_ptr<Worker>> lost_;     // The same.
  std::jthread watch_;
};

}  // namespace engine::jobs
