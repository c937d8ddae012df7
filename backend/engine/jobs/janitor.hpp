#pragma once

#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/retention.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "engine/outbox/event_retention.hpp"
#include "pg/pool.hpp"

#include <chrono>
#include <thread>

namespace engine::jobs {

struct JanitorOptions {
  std::chrono::milliseconds promote_every{200};   // How late a retry may be.
  std::chrono::milliseconds rescue_every{2'000};  // How long after its lease a batch may lie.
  // More than a handler may take, and what commits may take after it.
  std::chrono::milliseconds transaction_max{30'000};
  std::chrono::milliseconds retain_every{std::chrono::hours{1}};
  Retention retention{};
  outbox::EventRetentionOptions events{};
  StatusPublisher* statuses{nullptr};  // Told of jobs whose worker died; null: nobody follows.
};

/// Does what nobody else does: makes due retries ready, takes batches and locks from workers that
/// died or stopped, makes room for the jobs and events to come and drops those that are too old.
///
/// Several may run; they skip each other's rows.
/// Threads: owns one.
class Janitor {
 public:
  Janitor(pg::Pool& pool,
          NodeLease& ids,
          base::WakeSignal& ready,
          const base::Log& log,
          JanitorOptions options = {});

 private:
  void run(const std::stop_token& stop);
  void promote(const std::stop_token& stop);
  void rescue(const std::stop_token& stop);
  void retain(const std::stop_token& stop);
  /// True when there is more to do.
  [[nodiscard]] bool retain_events(const std::stop_token& stop);

  pg::Pool& pool_;
  NodeLease& ids_;
  base::WakeSignal& ready_;
  const base::Log& log_;
  const JanitorOptions options_;
  outbox::EventRetention events_;
  std::jthread thread_;
};

}  // namespace engine::jobs
