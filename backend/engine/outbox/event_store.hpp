#pragma once

#include "pg/connection.hpp"
#include "pg/transaction.hpp"
#include "wire/envelope.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Reading the event log. Appending is engine.append_events, the last step of completing work.
namespace engine::outbox {

/// Where in the log something is exact: everything up to it is in, nothing after it.
struct Position {
  std::string epoch;
  std::int64_t offset{0};

  /// "<epoch>:<offset>"
  [[nodiscard]] std::string text() const { return epoch + ":" + std::to_string(offset); }
};

/// The events after `offset`, oldest first. Offsets are given in commit order, so whoever has read
/// all that is visible has missed nothing before it.
///
/// Limits: `limit` in [1, 10000].
[[nodiscard]] std::vector<wire::Event> read_after(pg::Connection& connection,
                                                  std::int64_t offset,
                                                  int limit);

/// The identity of this history; another after a restore or a failover.
[[nodiscard]] std::string read_epoch(pg::Connection& connection);

/// The position of what `tx` sees; exact when `tx` is REPEATABLE READ, on the primary.
[[nodiscard]] Position read_position(pg::Transaction& tx);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> event_store_statements();

}  // namespace engine::outbox
