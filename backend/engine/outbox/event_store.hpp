#pragma once

#include "pg/connection.hpp"
#include "pg/transaction.hpp"
#include "wire/envelope.hpp"

#include <cstdint>
#include <optional>
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

/// What of the log is there, as `tx` sees it.
struct LogBounds {
  Position newest;
  std::int64_t floor{0};  // The newest offset that retention has dropped.
};

[[nodiscard]] LogBounds read_bounds(pg::Transaction& tx);

/// Offsets of one read_area() at most. Of a million events, 32 cells and none of them meant, so
/// many take 39 ms and 301 buffers (warm, on a busy machine). By the index on (cell, event_offset),
/// an area that holds 300,000 of them takes 1.1 s and 28,694 buffers, two parallel workers helping:
/// its order is by cell, so all have to be sorted.
inline constexpr std::int64_t kScanMax = 10'000;

/// The events in any of `cells` with an offset in (after, upto], oldest first.
///
/// Limits: `upto` at most `after` + kScanMax; `limit` in [1, 10000].
[[nodiscard]] std::vector<wire::Event> read_area(pg::Transaction& tx,
                                                 std::int64_t after,
                                                 std::int64_t upto,
                                                 const std::vector<geo::Cell>& cells,
                                                 int limit);

/// The offset of the first event after `offset`, or nothing at the end of the log. Between two
/// slots of the log there are a thousand million offsets without an event.
[[nodiscard]] std::optional<std::int64_t> first_after(pg::Transaction& tx, std::int64_t offset);

/// The identity of this history; another after a restore or a failover.
[[nodiscard]] std::string read_epoch(pg::Connection& connection);

/// The position of what `tx` sees; exact when `tx` is REPEATABLE READ, on the primary.
[[nodiscard]] Position read_position(pg::Transaction& tx);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> event_store_statements();

}  // namespace engine::outbox
