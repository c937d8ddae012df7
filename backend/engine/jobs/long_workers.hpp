#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/run_settler.hpp"
#include "engine/jobs/run_store.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "pg/pool.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace engine::jobs {

struct LongOptions {
  std::size_t threads{4};  // Long jobs at once in this process.
  std::chrono::milliseconds lease{20'000};
  std::chrono::milliseconds poll{200};          // How often an idle process looks for long jobs.
  std::chrono::milliseconds report_every{100};  // At most this often a job tells how far it is.
  std::chrono::milliseconds look_every{250};    // For jobs that somebody wants stopped.
  // How long a handler that was asked to stop may go on; then its job is ended without it.
  std::chrono::milliseconds grace{5'000};
  StatusPublisher* statuses{nullptr};  // Told at each step; null: nobody follows.
};

/// Carries out long jobs, each in a thread of its own, and looks after them from one more: claims,
/// renews leases, stores progress, and asks those to stop that are not wanted any more.
///
/// Construct = running, destroy = stopped: running handlers are asked to stop and waited for; their
/// jobs are given back.
/// Threads: owns `threads` + 1; everything it is given is shared.
class LongWorkers {
 public:
  /// `queue` is for its own statements, `database` lends handlers what they read with. `ready`
  /// wakes it; `appended` is notified after each commit that may have appended events.
  struct Surroundings {
    pg::Pool& queue;
    pg::Pool& database;
    const HandlerRegistry& handlers;
    NodeLease& ids;
    base::WakeSignal& ready;
    base::WakeSignal& appended;
    const base::Log& log;
  };
  explicit LongWorkers(const Surroundings& around, LongOptions options = {});
  LongWorkers(const LongWorkers&) = delete;
  LongWorkers& operator=(const LongWorkers&) = delete;
  ~LongWorkers();

  /// Connections of `queue` that it holds at the most at once.
  [[nodiscard]] static std::size_t connections_max(const LongOptions& options) {
    return options.threads + 1;
  }

 private:
  using Clock = std::chrono::steady_clock;
  /// A claimed job on its way through a thread.
  struct Active {
    ClaimedRun claimed;
    std::unique_ptr<Run> run;
    Clock::time_point ends_at;     // Its time limit.
    Clock::time_point renewed_at;  // When the lease was last known to be held.
    std::optional<Clock::time_point> asked_at{};
    bool is_given_up{false};  // Its job was settled without its handler.
  };
  using ActivePtr = std::shared_ptr<Active>;
  struct State {
    std::deque<ActivePtr> waiting;
    std::vector<ActivePtr> active;  // Those that wait, too.
    bool is_stopping{false};
  };

  void keep(const std::stop_token& stop);
  [[nodiscard]] bool claim_what_fits();
  void add(ClaimedRun claimed);
  void report_all();
  void look_for_stops();
  void renew_all();
  void give_up_the_deaf();
  void ask(Active& active, Run::StopReason reason);
  [[nodiscard]] std::vector<ActivePtr> supervised() const;

  void carry_out_all(const std::stop_token& stop);
  [[nodiscard]] ActivePtr take(const std::stop_token& stop);
  void carry_out(const ActivePtr& active);

  Surroundings around_;
  const LongOptions options_;
  const std::vector<KindLimit> kinds_;
  WorkerId id_;
  base::Guarded<State> state_;
  RunSettler settler_;
  std::jthread keeper_;
  std::vector<std::jthread> threads_;  // End before the keeper, which renews their leases.
};

}  // namespace engine::jobs
