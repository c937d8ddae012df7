#pragma once

#include "http/limits.hpp"
#include "http/peer_address.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <vector>

namespace http {

class Connection;

/// What a connection is doing, as far as the others are concerned.
enum class Phase {
  kWaiting,  // For a whole request, or for the client to leave: may be closed to make room.
  kHandled,  // Has a whole request without an answer: is never given up.
  kSending,  // Has an answer that the client has not taken.
};

/// All connections of a server, and what they hold together.
///
/// Within a phase they stand in the order in which they entered it, so the first has been there for
/// longest.
/// Threads: confined to the I/O thread.
class ConnectionTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using List = std::list<std::shared_ptr<Connection>>;

  /// Where a connection stands; the connection keeps it for the table.
  struct Place {
    Phase phase = Phase::kWaiting;
    List::iterator at = {};
  };

  explicit ConnectionTable(const SharedLimits& limits) : limits_{limits} {}

  [[nodiscard]] bool is_full() const { return size() >= limits_.connections_max; }
  [[nodiscard]] bool has_room_for(const PeerAddress& peer) const;
  [[nodiscard]] std::size_t size() const;

  void add(std::shared_ptr<Connection> connection);
  void remove(Connection& connection);
  /// To the end of that phase: it has been there for the shortest time.
  void enter(Connection& connection, Phase phase);
  /// To the beginning of `kWaiting`: the first to go when room is needed.
  void enter_expendable(Connection& connection);

  /// The one that has been in that phase for longest; null where there is none.
  [[nodiscard]] std::shared_ptr<Connection> longest_in(Phase phase) const;
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> all() const;
  /// Those whose time is over.
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> overdue(Time now) const;

  /// Sums over all connections, kept by them.
  struct Held {
    std::size_t request_bytes = 0;
    std::size_t answer_bytes = 0;
  };
  [[nodiscard]] Held& held() noexcept { return held_; }
  [[nodiscard]] bool holds_too_many_requests() const {
    return held_.request_bytes > limits_.request_bytes_max;
  }
  [[nodiscard]] bool holds_too_many_answers() const {
    return held_.answer_bytes > limits_.answer_bytes_max;
  }

 private:
  [[nodiscard]] bool is_counted(const PeerAddress& peer) const;
  [[nodiscard]] List& list(Phase phase) { return lists_.at(static_cast<std::size_t>(phase)); }
  [[nodiscard]] const List& list(Phase phase) const {
    return lists_.at(static_cast<std::size_t>(phase));
  }

  SharedLimits limits_;
  std::array<List, 3> lists_;
  std::map<std::array<std::uint8_t, 8>, std::size_t> by_network_;
  Held held_;
};

}  // namespace http
