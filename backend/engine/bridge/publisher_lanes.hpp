#pragma once

#include "base/back_off.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "engine/bridge/lane.hpp"
#include "engine/bridge/options.hpp"
#include "engine/bridge/publisher_connection.hpp"
#include "engine/bridge/reports.hpp"
#include "wire/envelope.hpp"

#include <cstdint>
#include <deque>
#include <random>
#include <string_view>
#include <vector>

namespace engine::bridge {

/// The row of publisher connections, each with the lane of events that it has to publish.
///
/// An event goes to the lane of its area (5 letters), so first deliveries on a topic are in offset
/// order. A lost connection and a refused event rewind their lane; nothing counts as relayed until
/// the broker has said so.
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
  /// Publishes whatever the windows allow.
  void send();

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
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  enum class State { kDown, kConnecting, kUp };

  struct Line {
    Line(const BridgeOptions& options, std::size_t place, Reports& reports);

    Lane lane;
    PublisherConnection connection;
    base::BackOff back_off;
    State state = State::kDown;
    bool is_refused = false;             // In a streak of refusals, which is logged once.
    base::Clock::Monotonic due_at;       // When to connect, or to send, again.
    base::Clock::Monotonic changed_at;   // When `state` changed.
    base::Clock::Monotonic progress_at;  // When something was last sent or replied.
  };

  void settle(Line& line, const Report& report);
  void lose(Line& line, int code);
  void refuse(Line& line, const Report& report);
  void accept(Line& line, const Report& report);
  void welcome(Line& line);
  void send(Line& line);
  void say(std::string_view status);
  [[nodiscard]] std::chrono::milliseconds retry_in(Line& line);

  const BridgeOptions& options_;
  const base::Clock& clock_;
  const base::Log& log_;
  Reports reports_;
  std::deque<Line> lines_;  // Never moved: connections are pinned.
  bool is_away_said_ = false;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::size_t statuses_outstanding_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace engine::bridge
