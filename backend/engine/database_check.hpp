#pragma once

#include "base/guarded.hpp"
#include "pg/options.hpp"
#include "pg/server_check.hpp"
#include "pg/statement.hpp"

#include <vector>

namespace engine {

/// Keeps this process from a database that it cannot work on: one that may lose commits, takes
/// none, or does not understand the program's statements.
///
/// Threads: any.
class DatabaseCheck {
 public:
  DatabaseCheck(pg::ConnectionOptions database,
                pg::ServerRules rules,
                std::vector<pg::Statement> statements);

  /// Looks at everything, on a connection of its own.
  ///
  /// Errors: base::Error, one line that says what is wrong; base::TransientError when the database
  ///         is away.
  void run();

  /// For each new connection of a pool, which may lead to another server than the one before: looks
  /// at the server, and at everything as long as that has never been possible.
  /// Errors: as run().
  void admit(pg::Connection& connection);

 private:
  const pg::ConnectionOptions database_;
  const pg::ServerRules rules_;
  const std::vector<pg::Statement> statements_;
  base::Guarded<bool> have_statements_passed_{false};
};

}  // namespace engine
