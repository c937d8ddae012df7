#pragma once

#include "engine/app.hpp"
#include "engine/engine.hpp"
#include "main/settings.hpp"

#include <span>

namespace commands {

/// Every subcommand returns the exit status, and throws base::Error for what is worth one line.

/// `earshot up`: a private PostgreSQL and Mosquitto, all roles, until a signal comes.
[[nodiscard]] int run_up(const Settings& settings);

/// `earshot serve`: the chosen roles, on servers that somebody else keeps.
[[nodiscard]] int run_serve(const Settings& settings);

/// `earshot migrate up` and `earshot migrate status`.
[[nodiscard]] int run_migrate_up(const Settings& settings);
[[nodiscard]] int run_migrate_status(const Settings& settings);

/// `earshot version`
[[nodiscard]] int run_version();

/// The applications in this binary.
[[nodiscard]] std::span<const engine::App* const> apps();

/// What `up` and `serve` have in common.
[[nodiscard]] engine::EngineOptions engine_options(const Settings& settings);

/// Warns when the API is reachable from other machines.
void warn_of_open_host(const Settings& settings, const base::Log& log);

}  // namespace commands
