#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/bridge/options.hpp"
#include "engine/bridge/publisher_line.hpp"
#include "engine/bridge/publisher_thread.hpp"
#include "engine/bridge/reports.hpp"
#include "wire/envelope.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engine::bridge {

/// The row of publisher lines, side by side: which event goes where, and how far all of them are.
///
/// An event goes to the line of its area (5 letters), so first deliveries on a topic are in offset
/// order.
/// Threads: confined. No call waits for the broker.
class PublisherLanes {
 public:
  PublisherLanes(const BridgeOptions& options,
                 base::WakeSignal& wake,
                 const base::Clock& clock,
                 const base::Log& log);

  /// Works through what the connections have reported.
  void settle();

  /// How many events may be added; 0 while any lane is close to full (back-pressure).
  [[nodiscard]] std::size_t room() const;
  /// Adds events in offset order. Limits: at most room().
  void add(const std::vector<wire::Event>& events, std::string_view epoch);
  /// Publishes whatever the windows allow, and `online` when the broker has all heads: whoever asks
  /// for heads and then for the status knows that an area without a head has nothing to tell.
  void send();

  /// What the log has of a cell from before this term, and of those it has forgotten.
  void remember(const geo::Cell& cell, std::int64_t offset);
  void forget_up_to(std::int64_t offset);
  /// All is remembered, and what was there up to `offset` was added: see PublisherLine.
  void say_heads_from(std::int64_t offset, const std::string& epoch);
  /// When there is a head to say; none while that cannot be.
  [[nodiscard]] std::optional<Heads::Time> next_head_at() const;

  [[nodiscard]] bool wants_connection() const;
  /// Begins to connect what is down and due. The caller has made sure that it still leads.
  void connect();

  /// Says `offline` for everybody who asks later; with `has_outstanding` one can wait until it is
  /// heard.
  void say_goodbye();
  [[nodiscard]] bool has_outstanding() const;

  /// The newest offset up to which everything was accepted, when all up to `added` was added.
  [[nodiscard]] std::int64_t position(std::int64_t added) const;
  [[nodiscard]] std::size_t connected() const;
  [[nodiscard]] std::uint64_t accepted() const;
  [[nodiscard]] std::uint64_t refused() const;

 private:
  [[nodiscard]] PublisherLine& line_of(const geo::Cell& cell);
  void say_loss(std::string_view sentence, int code);
  void say_online();

  const BridgeOptions& options_;
  const base::Log& log_;
  Reports reports_;
  PublisherThread thread_;
  std::deque<PublisherLine> lines_;  // Never moved: connections are pinned.
  bool is_loss_said_ = false;        // Since all were connected.
  bool is_online_said_ = false;      // Over the present connection of the first line.
};

}  // namespace engine::bridge
