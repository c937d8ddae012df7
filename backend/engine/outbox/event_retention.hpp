#pragma once

#include "pg/connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace engine::outbox {

struct EventRetentionOptions {
  // An event can be read for at least so long; its slot is dropped when that is over for its last
  // event, an eighth of this time and one look later. What is not relayed is never dropped.
  std::chrono::seconds keep{std::chrono::hours{24 * 7}};
  // Topics whose last offset is kept when it is dropped, some 100 bytes each. Beyond, the longest
  // silent ones are forgotten: their next event has a `prev` that is too new rather than too old.
  int topics_max{1'000'000};
};

/// Makes slots of the event log ahead, ends and drops them, in steps that hold nobody up.
///
/// Tables and reasons: sql/engine/0016_event_slot.sql. Several processes may do it at once. Whoever
/// dies between two steps leaves nothing that is wrong: the next one begins again.
/// Threads: confined.
class EventRetention {
 public:
  explicit EventRetention(EventRetentionOptions options) : options_{options} {}

  /// Does the next piece of work; it may be called with another connection each time.
  ///
  /// Shape:  true: there is more to do, at once; false: come back later.
  /// Errors: pg::TransientError; what was done until then stays.
  /// Limits: some 0.1 s each, and 100 ms of waiting for a lock.
  [[nodiscard]] bool step(pg::Connection& connection);

  /// Slots dropped since it was constructed.
  [[nodiscard]] int dropped() const { return dropped_; }

  /// True when the last step found events that are too old and yet kept: nobody has relayed them.
  [[nodiscard]] bool waits_for_relay() const { return waits_for_relay_; }

 private:
  /// The slot that is about to be dropped, and how far its topics are kept.
  struct Ending {
    std::int64_t slot;
    std::optional<std::int64_t> newest;
    std::string kept_to;
  };

  [[nodiscard]] bool begin(pg::Connection& connection);

  EventRetentionOptions options_;
  std::optional<Ending> ending_;
  bool waits_for_relay_{false};
  int dropped_{0};
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> event_retention_statements();

}  // namespace engine::outbox
