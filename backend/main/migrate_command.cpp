#include "main/commands.hpp"
#include "pg/connection.hpp"

#include <cstdio>

namespace commands {
namespace {

pg::Connection connect(const Settings& settings) {
  pg::ConnectionOptions options;
  options.url = settings.required_database_url();
  options.application_name = "earshot-migrate";
  return pg::Connection{options};
}

const char* text_of(pg::MigrationState state) {
  switch (state) {
    case pg::MigrationState::kApplied:
      return "applied";
    case pg::MigrationState::kPending:
      return "pending";
    case pg::MigrationState::kChanged:
      return "applied with another content";
    case pg::MigrationState::kUnknown:
      return "applied by a newer program";
  }
  return "";
}

}  // namespace

int run_migrate_up(const Settings& settings) {
  pg::Connection connection = connect(settings);
  const pg::MigrationReport report = engine::migrate(connection, apps());
  for (const std::string& name : report.applied) std::printf("applied  %s\n", name.c_str());
  if (report.applied.empty()) std::puts("nothing to do: the database is up to date");
  return 0;
}

int run_migrate_status(const Settings& settings) {
  pg::Connection connection = connect(settings);
  bool is_current = true;
  for (const pg::MigrationStatus& one : engine::migration_status(connection, apps())) {
    std::printf("%-16s %-24s %s\n", one.owner.c_str(), one.name.c_str(), text_of(one.state));
    is_current = is_current && one.state == pg::MigrationState::kApplied;
  }
  return is_current ? 0 : 1;
}

}  // namespace commands
