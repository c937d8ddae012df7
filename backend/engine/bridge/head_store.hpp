#pragma once

#include "geo/cell.hpp"
#include "pg/connection.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace engine::bridge {

/// The last event of one topic; none when the topic is younger than what was asked for.
struct LastOfTopic {  // NOLINT(cppcoreguidelines-pro-type-member-init): there is no empty cell.
  geo::Cell cell;
  std::optional<std::int64_t> offset{};
};

/// What heads are made of when a term begins: the last event of every topic, read from topic to
/// topic by the index on (cell, event_offset) and not through all events.
///
/// Threads: confined to its connection's.
class HeadStore {
 public:
  explicit HeadStore(pg::Connection& connection) : connection_{connection} {}

  /// The topics of the log after `cell`, in order, each with its last event up to `upto`.
  /// Limits: `limit` in [1, 10000]. 200 topics of a log with 500,000 events, 50,000 topics and ten
  ///         slots take 15 ms and 8,000 buffers (EXPLAIN, warm, on a busy machine): four buffers
  ///         for each topic and slot.
  [[nodiscard]] std::vector<LastOfTopic> topics_after(const std::string& cell,
                                                      std::int64_t upto,
                                                      int limit);
  /// The same of topics whose last event was dropped. A topic may be in both.
  [[nodiscard]] std::vector<LastOfTopic> dropped_after(const std::string& cell, int limit);

  [[nodiscard]] std::int64_t newest_offset();
  /// Not older than the last event of any topic that is in neither.
  [[nodiscard]] std::int64_t forgotten();

 private:
  pg::Connection& connection_;
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> head_store_statements();

}  // namespace engine::bridge
