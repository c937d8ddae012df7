#pragma once

#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/schedule_registry.hpp"
#include "engine/requests/command_registry.hpp"
#include "engine/requests/query_registry.hpp"
#include "pg/migrator.hpp"
#include "pg/statement.hpp"

#include <string_view>
#include <vector>

namespace engine {

/// What one application adds to the engine: its tables and statements, its commands and queries,
/// and what carries the commands out.
///
/// To build another application, copy apps/echo/ and change its name. Nothing in engine/ changes.
class App {
 public:
  App() = default;
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  virtual ~App() = default;

  /// Prefix of every job kind and SQL schema this application owns: "echo".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// Its numbered SQL files, applied after the engine's own.
  [[nodiscard]] virtual pg::MigrationSet migrations() const = 0;

  /// Every statement of its stores: those that the database refuses are named at start-up.
  [[nodiscard]] virtual std::vector<pg::Statement> statements() const = 0;

  /// What clients may ask for and read. Called once, before the HTTP server listens.
  virtual void register_commands(requests::CommandRegistry& commands) const = 0;
  virtual void register_queries(requests::QueryRegistry& queries) const = 0;

  /// What the engine runs for each job kind. Called once, before the first claim.
  virtual void register_handlers(jobs::HandlerRegistry& handlers) const = 0;

  /// Jobs that the engine accepts by itself, by the clock. Called once, before the first is due.
  virtual void register_schedules(jobs::ScheduleRegistry&) const {}
};

}  // namespace engine
