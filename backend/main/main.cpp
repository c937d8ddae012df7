#include "base/error.hpp"
#include "main/commands.hpp"

#include <cstdio>

namespace {

using commands::Settings;
using commands::Subcommand;

int run(int argc, char** argv) {
  CLI::App app{"Earshot: a backend for things that happen near you."};
  app.require_subcommand(1);
  Settings settings;
  std::vector<Subcommand> subcommands;

  CLI::App* up =
      app.add_subcommand("up", "Start everything, with a database and broker of its own");
  commands::add_up_options(*up, settings);
  subcommands.push_back({up, commands::run_up});

  CLI::App* serve = app.add_subcommand("serve", "Run roles on servers that you keep");
  commands::add_serve_options(*serve, settings);
  subcommands.push_back({serve, commands::run_serve});

  CLI::App* migrate = app.add_subcommand("migrate", "Bring the database up to date, or look at it");
  migrate->require_subcommand(1);
  CLI::App* migrate_up = migrate->add_subcommand("up", "Apply what is pending");
  CLI::App* migrate_status = migrate->add_subcommand("status", "Show what is applied");
  commands::add_common_options(*migrate_up, settings);
  commands::add_common_options(*migrate_status, settings);
  subcommands.push_back({migrate_up, commands::run_migrate_up});
  subcommands.push_back({migrate_status, commands::run_migrate_status});

  commands::add_jobs_commands(app, settings, subcommands);
  commands::add_events_commands(app, settings, subcommands);
  commands::add_token_commands(app, settings, subcommands);
  commands::add_broker_commands(app, settings, subcommands);

  CLI::App* version = app.add_subcommand("version", "Print the version");
  subcommands.push_back({version, [](const Settings&) { return commands::run_version(); }});

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  for (const Subcommand& subcommand : subcommands) {
    if (!subcommand.command->parsed()) continue;
    commands::complete(*subcommand.command, settings);
    return subcommand.run(settings);
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "earshot: %s\n", error.what());
    return 1;
  }
}
