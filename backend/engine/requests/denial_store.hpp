#pragma once

#include "pg/connection.hpp"
#include "pg/statement.hpp"
#include "wire/caller.hpp"
#include "wire/token_gate.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace engine::requests {

/// One token, by what its issuer called it.
struct TokenName {
  std::string alias;
  std::string jti;
};
using Denied = std::variant<wire::Caller, TokenName>;

/// Refuses everything that `denied` sends, from now on and for `lasting`; a repeat sets the time
/// anew. Effective everywhere within five seconds.
void deny(pg::Connection& connection,
          const Denied& denied,
          std::chrono::seconds lasting,
          const std::string& reason);

/// Takes a denial back. False when there was none.
bool allow(pg::Connection& connection, const Denied& denied);

/// One row, for people.
struct Denial {
  std::string what;  // A caller, or "<alias>/<jti>".
  std::string reason;
  std::chrono::system_clock::time_point created_at;
  std::chrono::system_clock::time_point until;
};
[[nodiscard]] std::vector<Denial> list_denials(pg::Connection& connection);

/// All that are in force now.
[[nodiscard]] wire::DenyList read_deny_list(pg::Connection& connection);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> denial_store_statements();

}  // namespace engine::requests
