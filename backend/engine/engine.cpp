#include "engine/engine.hpp"

#include "base/error.hpp"
#include "engine/bridge/head_store.hpp"
#include "engine/bridge/leader_lease.hpp"
#include "engine/bridge/relay_store.hpp"
#include "engine/jobs/accept_store.hpp"
#include "engine/jobs/control_store.hpp"
#include "engine/jobs/job_store.hpp"
#include "engine/jobs/retention.hpp"
#include "engine/jobs/run_store.hpp"
#include "engine/jobs/schedule_store.hpp"
#include "engine/jobs/status_store.hpp"
#include "engine/outbox/event_store.hpp"
#include "engine/requests/denial_store.hpp"

#include <utility>

namespace embedded {
std::span<const base::EmbeddedFile> engine_sql();
}

namespace engine {
namespace {

using namespace std::chrono_literals;

pg::ConnectionOptions connection_to(const std::string& url, const char* name) {
  pg::ConnectionOptions options;
  options.url = url;
  options.application_name = name;
  return options;
}

// Nobody outside waits for these connections: the inserter's callers have a limit of their own. So
// they are patient with the fsync of a COMMIT, because a commit in doubt costs more than a late
// one.
pg::ConnectionOptions queue_connection(const std::string& url) {
  pg::ConnectionOptions options = connection_to(url, "earshot-queue");
  // Statements prepared while the queue is empty would keep the plans of an empty table.
  options.pin_planner = true;
  return options;
}

// A client has its reply within 10 s, of which a request may spend 2 s in the queue of the HTTP
// server. What is left for a handler has to hold the wait for a connection, connecting, and the
// replies; kReaderMax is the bound of their sum, the others let one slow step fail before it.
constexpr auto kReaderMax = 6s;
constexpr auto kReaderWait = 1s;
constexpr auto kReaderStatement = 2s;
constexpr auto kReaderMargin = 1s;  // Reading ends without an fsync, so a late reply is a lost one.
constexpr auto kReaderConnect = 2s;

pg::ConnectionOptions reader_connection(const std::string& url) {
  pg::ConnectionOptions options = connection_to(url, "earshot-api");
  options.statement_timeout = kReaderStatement;
  options.reply_margin = kReaderMargin;
  options.connect_timeout = kReaderConnect;
  return options;
}

// What jobs and events are called where every process of this database hears it.
constexpr auto kJobsChannel = "earshot_jobs";
constexpr auto kEventsChannel = "earshot_events";

// A stop waits for them, and what they do is no more than a hint.
pg::ConnectionOptions wake_connection(const std::string& url, const char* name) {
  pg::ConnectionOptions options = connection_to(url, name);
  options.statement_timeout = 1s;
  options.reply_margin = 500ms;
  options.connect_timeout = 2s;
  return options;
}

pg::PoolOptions queue_pool(const EngineOptions& options, DatabaseCheck& check) {
  // One for each thread that holds one: workers and their watch, inserter, janitor, scheduler, node
  // lease, and of long work.
  return {.connections_max = jobs::Workers::connections_max({.count = options.workers}) + 4 +
                             jobs::LongWorkers::connections_max(options.long_jobs),
          .admit = [&check](pg::Connection& connection) { check.admit(connection); }};
}

pg::PoolOptions reader_pool(const EngineOptions& options, DatabaseCheck& check) {
  return {.connections_max = options.readers_max,
          .wait_max = kReaderWait,
          .lease_max = kReaderMax,
          .admit = [&check](pg::Connection& connection) { check.admit(connection); }};
}

// Each handler of a long job may hold one.
pg::PoolOptions long_pool(const EngineOptions& options, DatabaseCheck& check) {
  return {.connections_max = options.long_jobs.threads,
          .admit = [&check](pg::Connection& connection) { check.admit(connection); }};
}

// They wait for their replies as other clients do, but their statements are those of the queue: to
// plan one job's status takes 0.6 ms, and to read it 0.15 ms.
pg::ConnectionOptions caller_connection(const std::string& url) {
  pg::ConnectionOptions options = reader_connection(url);
  options.application_name = "earshot-callers";
  options.pin_planner = true;
  return options;
}

// Few: their statements take less than a millisecond, and those who wait hold none.
pg::PoolOptions caller_pool(DatabaseCheck& check) {
  return {.connections_max = 4,
          .wait_max = kReaderWait,
          .lease_max = kReaderMax,
          .admit = [&check](pg::Connection& connection) { check.admit(connection); }};
}

void check_outside_kinds(std::span<const jobs::OutsideKind> kinds,
                         std::span<const App* const> apps) {
  jobs::HandlerRegistry handlers;
  for (const App* app : apps) app->register_handlers(handlers);
  for (const jobs::OutsideKind& kind : kinds) {
    if (!handlers.find(kind.name) && !handlers.find_long(kind.name)) continue;
    throw base::Error{"[[kinds]] " + kind.name + ": this program carries out that kind itself"};
  }
}

std::vector<pg::MigrationSet> migration_sets(std::span<const App* const> apps) {
  std::vector<pg::MigrationSet> sets{{"engine", embedded::engine_sql()}};
  for (const App* app : apps) sets.push_back(app->migrations());
  return sets;
}

bool replies(pg::Pool& pool) {
  try {
    pool.acquire()->query("select 1");
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

Engine::Engine(EngineOptions options,
               std::span<const App* const> apps,
               const base::Clock& clock,
               const base::Log& log)
    : log_{log},
      ready_{[this] {
        long_ready_.notify();
        work_ready_.notify();
      }},
      readable_{[this] { heard_.notify(); }},
      accepted_{[this] {
        ready_.notify();
        tell_others(kJobsChannel);
      }},
      appended_{[this] {
        readable_.notify();
        tell_others(kEventsChannel);
      }},
      check_{reader_connection(options.database_url), options.database, statements(apps)},
      queue_{queue_connection(options.database_url), queue_pool(options, check_), log},
      readers_{reader_connection(options.database_url), reader_pool(options, check_), log},
      long_readers_{
          connection_to(options.database_url, "earshot-long"), long_pool(options, check_), log},
      callers_{caller_connection(options.database_url), caller_pool(check_), log} {
  check_outside_kinds(options.outside_kinds, apps);
  if (options.roles.worker) register_work(apps);
  check_database();
  start_wake_ups(options);
  if (options.roles.worker || options.roles.api) start_statuses(options, clock);
  if (options.roles.bridge) {
    options.bridge.listener = &*listener_;
    bridge_.emplace(connection_to(options.database_url, "earshot-bridge"),
                    std::move(options.bridge),
                    readable_,
                    clock,
                    log);
  }
  if (options.roles.worker || options.roles.api) ids_.emplace(queue_, clock, log);
  if (options.roles.worker) start_workers(options, clock);
  if (options.roles.api) start_api(std::move(options), apps, clock);
}

void Engine::check_database() {
  try {
    check_.run();
  } catch (const base::TransientError& error) {
    log_.warning("the database is away; requests are refused until it is back",
                 {{"reason", error.what()}});
  }
}

void Engine::start_wake_ups(const EngineOptions& options) {
  notifier_.emplace(wake_connection(options.database_url, "earshot-notifier"), log_);
  std::vector<pg::Subscription> wanted;
  const bool has_outside_work = options.roles.api && !options.outside_kinds.empty();
  if (options.roles.worker || has_outside_work) {
    wanted.push_back({.channel = kJobsChannel, .signal = &ready_});
  }
  if (options.roles.bridge) wanted.push_back({.channel = kEventsChannel, .signal = &readable_});
  if (wanted.empty()) return;
  listener_.emplace(wake_connection(options.database_url, "earshot-listener"),
                    std::move(wanted),
                    *notifier_,
                    log_);
}

void Engine::tell_others(const std::string& channel) {
  if (listener_ && listener_->is_alone()) return;
  // The one that relays for all is this one.
  const bool is_relay = bridge_ && bridge_->state().role == bridge::BridgeState::Role::kLeading;
  if (channel == kEventsChannel && is_relay) return;
  notifier_->notify(channel);
}

std::optional<pg::ListenerFacts> Engine::heard() const {
  return listener_ ? std::optional{listener_->facts()} : std::nullopt;
}

std::optional<int> Engine::http_port() const {
  return api_ ? std::optional<int>{api_->port()} : std::nullopt;
}

void Engine::start_statuses(const EngineOptions& options, const base::Clock& clock) {
  std::vector<jobs::StatusPublisher*> followers;
  if (options.bridge.broker.url.empty()) {
    log_.info("no broker is named: callers hear how their jobs stand by asking for them only");
  } else {
    status_feed_.emplace(bridge::StatusFeedOptions{.broker = options.bridge.broker}, clock, log_);
    followers.push_back(&*status_feed_);
  }
  if (options.roles.api) {
    followers.push_back(&waiters_.emplace(callers_, log_, options.api.waiters));
  }
  statuses_.emplace(std::move(followers));
}

void Engine::register_work(std::span<const App* const> apps) {
  for (const App* app : apps) {
    app->register_handlers(handlers_);
    app->register_schedules(schedules_);
  }
  for (const auto& [schedule, times] : schedules_.entries()) {
    if (handlers_.find(schedule.kind) || handlers_.find_long(schedule.kind)) continue;
    throw base::Error{"the schedule \"" + schedule.name + "\" cannot be kept: nobody handles \"" +
                      schedule.kind + "\""};
  }
}

void Engine::start_workers(const EngineOptions& options, const base::Clock& clock) {
  jobs::StatusPublisher* const statuses = &*statuses_;
  janitor_.emplace(
      queue_,
      *ids_,
      accepted_,
      log_,
      jobs::JanitorOptions{
          .retention = options.retention, .events = options.event_retention, .statuses = statuses});
  workers_.emplace(jobs::Workers::Surroundings{.pool = queue_,
                                               .handlers = handlers_,
                                               .ids = *ids_,
                                               .ready = ready_,
                                               .appended = appended_,
                                               .log = log_},
                   jobs::WorkersOptions{.count = options.workers,
                                        .worker = {.listener = &*listener_, .statuses = statuses}});
  if (!schedules_.entries().empty()) {
    scheduler_.emplace(queue_, schedules_, *ids_, accepted_, clock, log_);
  }
  if (handlers_.long_kinds().empty()) return;
  jobs::LongOptions long_jobs = options.long_jobs;
  long_jobs.statuses = statuses;
  long_workers_.emplace(jobs::LongWorkers::Surroundings{.queue = queue_,
                                                        .database = long_readers_,
                                                        .handlers = handlers_,
                                                        .ids = *ids_,
                                                        .ready = long_ready_,
                                                        .appended = appended_,
                                                        .log = log_},
                        long_jobs);
}

void Engine::start_api(EngineOptions options,
                       std::span<const App* const> apps,
                       const base::Clock& clock) {
  inserter_.emplace(queue_, *ids_, accepted_, log_);
  event_waiters_.emplace(readers_, heard_, log_, options.api.waiters);
  outside_runs_.emplace(jobs::OutsideRuns::Parts{.queue = callers_,
                                                 .ids = *ids_,
                                                 .ready = work_ready_,
                                                 .appended = appended_,
                                                 .clock = clock,
                                                 .statuses = &*statuses_},
                        options.outside_kinds);
  work_waiters_.emplace(*outside_runs_, work_ready_, log_, options.api.waiters);
  const ApiRole::Pools pools{.readers = readers_, .callers = callers_};
  api_.emplace(std::move(options.api), pools, apps, options.outside_kinds, clock, log_);
  api_->listen({.inserter = *inserter_,
                .waiters = *waiters_,
                .event_waiters = *event_waiters_,
                .outside_runs = *outside_runs_,
                .work_waiters = *work_waiters_,
                .statuses = *statuses_},
               dependencies());
}

std::vector<requests::Dependency> Engine::dependencies() {
  std::vector<requests::Dependency> all{{"database", [this] { return replies(readers_); }}};
  if (bridge_) all.push_back({"broker", [this] { return bridge_->is_connected(); }});
  return all;
}

std::vector<pg::Statement> statements(std::span<const App* const> apps) {
  std::vector<pg::Statement> all = pg::joined({outbox::event_retention_statements(),
                                               outbox::event_store_statements(),
                                               jobs::accept_store_statements(),
                                               jobs::job_store_statements(),
                                               jobs::control_store_statements(),
                                               jobs::node_lease_statements(),
                                               jobs::retention_statements(),
                                               jobs::run_store_statements(),
                                               jobs::schedule_store_statements(),
                                               jobs::status_store_statements(),
                                               requests::denial_store_statements(),
                                               bridge::head_store_statements(),
                                               bridge::leader_lease_statements(),
                                               bridge::relay_store_statements()});
  for (const App* app : apps) {
    for (const pg::Statement& one : app->statements()) all.push_back(one);
  }
  return all;
}

pg::MigrationReport migrate(pg::Connection& connection, std::span<const App* const> apps) {
  pg::MigrationReport report = pg::migrate(connection, migration_sets(apps));
  // Not left to the first janitor: it would make today's partitions while jobs already come in.
  jobs::make_days(connection, jobs::Retention{}.days_ahead);
  return report;
}

std::vector<pg::MigrationStatus> migration_status(pg::Connection& connection,
                                                  std::span<const App* const> apps) {
  return pg::migration_status(connection, migration_sets(apps));
}

}  // namespace engine
