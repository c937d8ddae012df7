#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/api_role.hpp"
#include "engine/app.hpp"
#include "engine/bridge/bridge.hpp"
#include "engine/bridge/status_feed.hpp"
#include "engine/database_check.hpp"
#include "engine/jobs/batch_inserter.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/janitor.hpp"
#include "engine/jobs/long_workers.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/outside_runs.hpp"
#include "engine/jobs/scheduler.hpp"
#include "engine/jobs/status_fan_out.hpp"
#include "engine/jobs/workers.hpp"
#include "engine/requests/event_waiters.hpp"
#include "engine/requests/job_waiters.hpp"
#include "engine/requests/work_waiters.hpp"
#include "pg/listener.hpp"
#include "pg/notifier.hpp"
#include "pg/pool.hpp"

#include <optional>
#include <span>
#include <vector>

namespace engine {

/// Which parts of the engine one process runs. Every role may run many times on many hosts.
struct Roles {
  bool api{true};
  bool worker{true};
  bool bridge{true};
};

struct EngineOptions {
  Roles roles;
  std::string database_url;
  pg::ServerRules database;
  ApiOptions api;
  bridge::BridgeOptions bridge;
  jobs::Retention retention;                      // Of jobs; the role worker sees to it.
  outbox::EventRetentionOptions event_retention;  // As well.
  std::size_t workers{2};                         // Threads, each with one transaction at a time.
  jobs::LongOptions long_jobs{};
  std::vector<jobs::OutsideKind> outside_kinds{};  // For workers that speak HTTP.
  std::size_t readers_max{8};                      // Database connections of the apps' GET routes.
};

/// One process's part of the system: the objects of its roles, made and ended in order.
///
/// Construct = running, destroy = stopped: first no new requests, then no new work, then what was
/// done is relayed for a moment more. The database may be down at any time, the broker too. One
/// that is away at the start is checked when it comes; until it passes, no request and no job
/// reaches it.
class Engine {
 public:
  /// `apps` outlive it. Errors: base::Error for options out of their limits, a port in use, or a
  /// database that this program cannot work on.
  Engine(EngineOptions options,
         std::span<const App* const> apps,
         const base::Clock& clock,
         const base::Log& log);

  /// Whether what happens here reaches the broker; true without the role `bridge`.
  [[nodiscard]] bool is_relaying() const { return !bridge_ || bridge_->is_connected(); }

  /// What came of other processes' notices; nothing for a process that does not listen.
  [[nodiscard]] std::optional<pg::ListenerFacts> heard() const;

  /// The port of the role `api`; nothing without it.
  [[nodiscard]] std::optional<int> http_port() const;

 private:
  void check_database();
  void start_wake_ups(const EngineOptions& options);
  void tell_others(const std::string& channel);
  void start_statuses(const EngineOptions& options, const base::Clock& clock);
  void register_work(std::span<const App* const> apps);
  void start_workers(const EngineOptions& options, const base::Clock& clock);
  void start_api(EngineOptions options, std::span<const App* const> apps, const base::Clock& clock);
  [[nodiscard]] std::vector<requests::Dependency> dependencies();

  const base::Log& log_;
  base::WakeSignal long_ready_;  // As `ready_`, for long work.
  base::WakeSignal work_ready_;  // And for outside workers.
  base::WakeSignal ready_;       // Jobs are ready, whoever stored them: a worker may claim.
  base::WakeSignal heard_;       // As `readable_`, for requests that wait for events.
  base::WakeSignal readable_;    // Events are there, whoever stored them: the relay may read.
  base::WakeSignal accepted_;    // This process stored jobs; passed on to `ready_` and the others.
  base::WakeSignal appended_;    // It stored events; passed on to `readable_` and the others.
  DatabaseCheck check_;
  pg::Pool queue_;
  pg::Pool readers_;
  pg::Pool long_readers_;
  pg::Pool callers_;  // For those who ask after jobs, and for outside workers.
  std::optional<pg::Notifier> notifier_;
  std::optional<pg::Listener> listener_;
  std::optional<bridge::Bridge> bridge_;
  std::optional<bridge::StatusFeed> status_feed_;
  std::optional<requests::JobWaiters> waiters_;
  std::optional<requests::EventWaiters> event_waiters_;
  std::optional<jobs::StatusFanOut> statuses_;
  std::optional<jobs::NodeLease> ids_;
  jobs::HandlerRegistry handlers_;
  std::optional<jobs::Janitor> janitor_;
  jobs::ScheduleRegistry schedules_;
  std::optional<jobs::Scheduler> scheduler_;
  std::optional<jobs::Workers> workers_;
  std::optional<jobs::LongWorkers> long_workers_;
  std::optional<jobs::OutsideRuns> outside_runs_;
  std::optional<requests::WorkWaiters> work_waiters_;
  std::optional<jobs::BatchInserter> inserter_;
  std::optional<ApiRole> api_;
};

/// Brings the database to what the engine and `apps` need.
/// Errors: base::Error; what was applied before a failing file stays.
pg::MigrationReport migrate(pg::Connection& connection, std::span<const App* const> apps);

/// Every statement that the engine and `apps` send.
[[nodiscard]] std::vector<pg::Statement> statements(std::span<const App* const> apps);

/// What migrate() would find.
[[nodiscard]] std::vector<pg::MigrationStatus> migration_status(pg::Connection& connection,
                                                                std::span<const App* const> apps);

}  // namespace engine
