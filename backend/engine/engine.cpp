#include "engine/engine.hpp"

#include "base/error.hpp"

#include <utility>

namespace embedded {
std::span<const base::EmbeddedFile> engine_sql();
}

namespace engine {
namespace {

pg::ConnectionOptions connection_to(const std::string& url, const char* name) {
  pg::ConnectionOptions options;
  options.url = url;
  options.application_name = name;
  return options;
}

pg::ConnectionOptions queue_connection(const std::string& url) {
  pg::ConnectionOptions options = connection_to(url, "earshot-queue");
  // Statements prepared while the queue is empty would keep the plans of an empty table.
  options.pin_planner = true;
  return options;
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
               const wire::SigningKey& key,
               std::span<const App* const> apps,
               const base::Clock& clock,
               const base::Log& log)
    : log_{log},
      // One for each thread that holds one: workers, inserter, janitor, node lease.
      queue_{
          queue_connection(options.database_url), {.connections_max = options.workers + 3}, log} {
  if (options.roles.bridge) {
    bridge_.emplace(connection_to(options.database_url, "earshot-bridge"),
                    std::move(options.bridge),
                    appended_,
                    clock,
                    log);
  }
  if (options.roles.worker || options.roles.api) ids_.emplace(queue_, clock, log);
  if (options.roles.worker) start_workers(options.workers, apps);
  if (options.roles.api) {
    inserter_.emplace(queue_, *ids_, accepted_, log);
    api_.emplace(std::move(options.api),
                 connection_to(options.database_url, "earshot-api"),
                 key,
                 apps,
                 clock,
                 log);
    api_->listen(*inserter_, dependencies());
  }
}

std::optional<int> Engine::http_port() const {
  return api_ ? std::optional<int>{api_->port()} : std::nullopt;
}

void Engine::start_workers(std::size_t count, std::span<const App* const> apps) {
  for (const App* app : apps) app->register_handlers(handlers_);
  janitor_.emplace(queue_, *ids_, accepted_, log_);
  for (std::size_t i = 0; i < count; ++i) {
    workers_.push_back(
        std::make_unique<jobs::Worker>(queue_, handlers_, *ids_, accepted_, appended_, log_));
  }
}

std::vector<requests::Dependency> Engine::dependencies() {
  std::vector<requests::Dependency> all{{"database", [this] { return replies(api_->readers()); }}};
  if (bridge_) all.push_back({"broker", [this] { return bridge_->is_connected(); }});
  return all;
}

pg::MigrationReport migrate(pg::Connection& connection, std::span<const App* const> apps) {
  return pg::migrate(connection, migration_sets(apps));
}

std::vector<pg::MigrationStatus> migration_status(pg::Connection& connection,
                                                  std::span<const App* const> apps) {
  return pg::migration_status(connection, migration_sets(apps));
}

}  // namespace engine
