#pragma once

#include "pg/connection.hpp"

#include <cstdint>
#include <span>

namespace engine::bridge {

/// Every SQL statement that touches `engine.relay`: how far the broker has accepted the log.
///
/// Threads: confined to its connection's.
class RelayStore {
 public:
  explicit RelayStore(pg::Connection& connection) : connection_{connection} {}

  /// Fences off the leaders of all terms before `term` and returns where to go on.
  ///
  /// The stored position is used whatever the epoch. Position and log live in one database, so a
  /// restored backup or a promoted standby brings both from the same moment; going on from there
  /// publishes again what was under way at that moment, under its new epoch, and skips nothing.
  /// Starting at the newest offset would break "at least once" at every failover for subscribers
  /// that do not resync; starting at 0 would flood everyone with the whole log.
  /// Errors: as Connection::run, base::TransientError when a later term has begun.
  [[nodiscard]] std::int64_t begin(std::int64_t term);

  /// Everything up to `offset` was accepted. False: another leader's term has begun.
  ///
  /// The commit does not wait for the disk: a lost one means that events are published again.
  [[nodiscard]] bool save(std::int64_t term, std::int64_t offset);

 private:
  pg::Connection& connection_;
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> relay_store_statements();

}  // namespace engine::bridge
