#pragma once

#include "engine/app.hpp"
#include "engine/engine.hpp"
#include "main/settings.hpp"

#include <chrono>
#include <functional>
#include <span>
#include <vector>

namespace commands {

/// Every subcommand returns the exit status, and throws base::Error for what is worth one line.

/// `earshot up`: a private PostgreSQL and Mosquitto, all roles, until a signal comes.
[[nodiscard]] int run_up(const Settings& settings);

/// `earshot serve`: the chosen roles, on servers that somebody else keeps.
[[nodiscard]] int run_serve(const Settings& settings);

/// `earshot migrate up` and `earshot migrate status`.
[[nodiscard]] int run_migrate_up(const Settings& settings);
[[nodiscard]] int run_migrate_status(const Settings& settings);

/// A subcommand as the command line names it, and what it does.
struct Subcommand {
  CLI::App* command;
  std::function<int(const Settings&)> run;
};

/// `earshot token mint|check|rotate|revoke`.
void add_token_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all);

/// `earshot jobs list|show|retry|cancel|discard|stats|pause|resume`.
void add_jobs_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all);

/// `earshot events tail`.
void add_events_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all);

/// `earshot broker config`.
void add_broker_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all);

/// `earshot version`
[[nodiscard]] int run_version();

/// The applications in this binary.
[[nodiscard]] std::span<const engine::App* const> apps();

/// What `up` and `serve` have in common.
[[nodiscard]] engine::EngineOptions engine_options(const Settings& settings);

/// So long a stop may take: what handlers may take for a batch, and what a silent database costs.
inline constexpr std::chrono::seconds kStopMax{30};

/// Warns when the API is reachable from other machines.
void warn_of_open_host(const Settings& settings, const base::Log& log);

}  // namespace commands
