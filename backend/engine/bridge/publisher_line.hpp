#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "engine/bridge/heads.hpp"
#include "engine/bridge/lane.hpp"
#include "engine/bridge/options.hpp"
#include "engine/bridge/publisher_connection.hpp"
#include "engine/bridge/reports.hpp"
#include "engine/bridge/retry_pause.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace engine::bridge {

/// One lane of events and the connection that publishes them: when to connect, to send, to give up.
///
/// A lost connection, a refused event and a reply that never comes rewind the lane; nothing counts
/// as relayed until the broker has said so. The first line also carries the relay's status.
/// Each says the heads of its areas, which follow the events that they tell of: when the broker has
/// accepted those. A new connection may be one to a broker that has forgotten: then all are said.
/// Threads: confined. No call waits for the broker.
class PublisherLine {
 public:
  /// What others have to know of a report.
  enum class Change { kNone, kConnected, kLost };

  // The first line also carries what is said once for the whole relay.
  static constexpr std::size_t kStatusPlace = 0;

  PublisherLine(PublisherThread& thread,
                const BridgeOptions& options,
                std::size_t place,
                Reports& reports,
                const base::Clock& clock,
                const base::Log& log);

  /// Takes in what the connection has reported.
  Change settle(const Report& report);
  /// True when the broker has owed a reply for so long that it is not going to come.
  [[nodiscard]] bool is_overdue() const;
  /// Gives the connection up; it is made anew after a pause.
  Change lose();

  /// The next event; the lane must have room.
  void add(Lane::Message message) { lane_.push(std::move(message)); }
  /// What the log has of a cell from before this term.
  void remember(const geo::Cell& cell, std::int64_t offset) { heads_.remember(cell, offset); }
  void forget_up_to(std::int64_t offset) { heads_.forget_up_to(offset); }
  /// Everything is remembered, and every event up to `offset` is in the lane or was relayed: heads
  /// may be said when those are. An earlier leader may have said no newer ones.
  void say_heads_from(std::int64_t offset, std::string epoch);
  /// When there is a head to say; none while that cannot be.
  [[nodiscard]] std::optional<Heads::Time> next_head_at() const;

  /// Whether the broker has the heads of all areas of this line: of this connection, because the
  /// one before may have been to a broker that has forgotten them.
  [[nodiscard]] bool has_said_heads() const;

  /// Publishes whatever the window allows.
  void send();

  [[nodiscard]] bool wants_connection() const;
  void connect();

  /// What the broker keeps for whoever asks for the status later. Only the first line says it.
  void say_status(std::string_view text);

  [[nodiscard]] bool is_up() const { return state_ == State::kUp; }
  [[nodiscard]] bool has_outstanding() const;
  [[nodiscard]] const Lane& lane() const { return lane_; }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  enum class State { kDown, kConnecting, kUp };

  Change welcome();
  void accept(const Report& report);
  void refuse(const Report& report);
  void settle_status(const Report& report);
  void settle_head(const Report& report);
  [[nodiscard]] bool may_say_heads() const;
  void send_heads();

  const BridgeOptions& options_;
  const base::Clock& clock_;
  const base::Log& log_;
  std::size_t place_;
  Lane lane_;
  Heads heads_;
  PublisherConnection connection_;
  RetryPause pause_;

  State state_ = State::kDown;
  bool is_refused_ = false;  // In a streak of refusals, which is logged once.
  std::size_t statuses_outstanding_ = 0;
  std::string epoch_;
  std::optional<std::int64_t> heads_from_;             // None: not before more is known.
  std::map<Lane::Ticket, geo::Cell> heads_under_way_;  // Area by ticket.
  Lane::Ticket next_head_ticket_;
  Lane::Ticket last_repeated_;    // Of the heads that were said again; later ones are news.
  bool is_head_refused_ = false;  // Said once.
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  base::Clock::Monotonic due_at_;      // When to connect, or to send, again.
  base::Clock::Monotonic changed_at_;  // When `state_` changed.
  base::Clock::Monotonic replied_at_;  // When the broker last replied, or had nothing to reply to.
};

}  // namespace engine::bridge
