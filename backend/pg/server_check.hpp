#pragma once

#include "pg/connection.hpp"
#include "pg/statement.hpp"

#include <span>

namespace pg {

/// What a server has to be like before anything is stored on it.
struct ServerRules {
  // For the throw-away servers of tests alone: a crash of the machine may take commits, or damage
  // the database (fsync and full_page_writes off).
  bool is_throw_away{false};
};

/// Refuses a server that can lose what it has committed, or on which nothing can be stored.
///
/// It asks for what is in force on this connection, whatever the connection string said: a pooler
/// between may have dropped our settings. One round trip.
/// Errors: base::Error, one line that says what to change; otherwise as Connection::run.
void check_server(Connection& connection, const ServerRules& rules);

/// Refuses a database that does not understand one of `statements`. One round trip.
///
/// Errors: base::Error, one line that names all of them with the server's words; TransientError
///         when the connection is lost.
/// Limits: `connection` is made for this and thrown away afterwards.
void check_statements(Connection& connection, std::span<const Statement> statements);

}  // namespace pg
