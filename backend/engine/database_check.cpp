#include "engine/database_check.hpp"

#include <utility>

namespace engine {

DatabaseCheck::DatabaseCheck(pg::ConnectionOptions database,
                             pg::ServerRules rules,
                             std::vector<pg::Statement> statements)
    : database_{std::move(database)}, rules_{rules}, statements_{std::move(statements)} {}

void DatabaseCheck::run() {
  pg::Connection connection{database_};
  check_server(connection, rules_);
  check_statements(connection, statements_);
  have_statements_passed_.with([](bool& passed) { passed = true; });
}

void DatabaseCheck::admit(pg::Connection& connection) {
  if (!have_statements_passed_.with([](bool passed) { return passed; })) return run();
  check_server(connection, rules_);
}

}  // namespace engine
