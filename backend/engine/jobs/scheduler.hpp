#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/schedule_registry.hpp"
#include "engine/jobs/schedule_store.hpp"
#include "pg/pool.hpp"

#include <chrono>
#include <thread>
#include <vector>

namespace engine::jobs {

struct SchedulerOptions {
  std::chrono::milliseconds look_every{250};   // How late a job may be.
  std::chrono::milliseconds late_max{60'000};  // Beyond it a fire time counts as missed.
  std::chrono::milliseconds keep{std::chrono::hours{7 * 24}};
  std::chrono::milliseconds prune_every{std::chrono::hours{1}};
};

/// Accepts the jobs of schedules, each when its time has come.
///
/// Fire time and job are one commit, so that each has exactly one job however many processes run
/// and whenever one of them dies. The process's clock says that a time has come; one that is more
/// than a minute ahead of the database's takes nothing.
/// Threads: owns one. Several processes may have one.
class Scheduler {
 public:
  /// `accepted` is notified after each commit with jobs.
  Scheduler(pg::Pool& pool,
            const ScheduleRegistry& schedules,
            NodeLease& ids,
            base::WakeSignal& accepted,
            const base::Clock& clock,
            const base::Log& log,
            SchedulerOptions options = {});

 private:
  struct Due {
    std::size_t place{0};  // In the registry.
    CronTimes::Minute fire_at;
  };

  void run(const std::stop_token& stop);
  void begin(const std::stop_token& stop);
  [[nodiscard]] std::vector<Due> due();
  void accept_due(const std::stop_token& stop);
  [[nodiscard]] std::vector<Taken> accept(const std::stop_token& stop, const std::vector<Due>& due);
  void advance(const Due& done);
  void prune(const std::stop_token& stop);

  pg::Pool& pool_;
  const ScheduleRegistry& schedules_;
  NodeLease& ids_;
  base::WakeSignal& accepted_;
  const base::Clock& clock_;
  const base::Log& log_;
  const SchedulerOptions options_;

  // The thread's own.
  std::vector<CronTimes::Minute> next_;  // The fire time that each schedule waits for.
  base::Clock::Monotonic prune_at_{};
  bool is_clock_ahead_{false};
  std::jthread thread_;
};

}  // namespace engine::jobs
