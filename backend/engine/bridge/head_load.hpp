#pragma once

#include "engine/bridge/publisher_lanes.hpp"
#include "pg/connection.hpp"

#include <cstdint>
#include <string>

namespace engine::bridge {

/// How a term comes to know the heads of what was relayed before it: in steps, between which events
/// are relayed.
///
/// First the topics in the log, then those that were dropped: a topic that is dropped meanwhile is
/// found among the second.
/// Threads: confined.
class HeadLoad {
 public:
  /// `position`: what the term goes on from; later events come through the lanes. `newest`: of the
  /// log now; no earlier leader can have told of more.
  HeadLoad(std::int64_t position, std::int64_t newest) : position_{position}, newest_{newest} {}

  /// Errors: as pg::Connection::run; the next step goes on from there, on any connection.
  /// Limits: some 20 ms.
  void step(pg::Connection& connection, PublisherLanes& lanes);

  [[nodiscard]] bool is_complete() const { return stage_ == Stage::kComplete; }
  [[nodiscard]] std::int64_t newest() const { return newest_; }

 private:
  enum class Stage { kLog, kDropped, kComplete };

  std::int64_t position_;
  std::int64_t newest_;
  Stage stage_ = Stage::kLog;
  std::string after_;
};

}  // namespace engine::bridge
