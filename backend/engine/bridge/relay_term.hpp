#pragma once

#include "base/back_off.hpp"
#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/bridge/head_load.hpp"
#include "engine/bridge/leader_lease.hpp"
#include "engine/bridge/options.hpp"
#include "engine/bridge/publisher_lanes.hpp"
#include "pg/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace engine::bridge {

/// How the relay is doing.
struct BridgeState {
  enum class Role { kAway, kStandby, kLeading };  // kAway: the database cannot be reached.

  Role role = Role::kAway;
  std::size_t connected = 0;   // Of the connections to the broker.
  std::int64_t position = 0;   // Everything up to this offset was accepted.
  std::uint64_t accepted = 0;  // Events, since this process leads.
  std::uint64_t refused = 0;
};

/// One term of leadership: from the log into the lanes, until the lease ends or a stop is asked.
///
/// Threads: confined to the relay's.
class RelayTerm {
 public:
  /// What a term works with; all of it outlives the term.
  struct Surroundings {
    const pg::ConnectionOptions& database;
    const BridgeOptions& options;
    base::WakeSignal& wake;
    const base::Clock& clock;
    const base::Log& log;
    base::Guarded<BridgeState>& state;
  };

  RelayTerm(const Surroundings& around, LeaderLease& lease, std::int64_t term);

  /// Returns when the term is over. Nothing is published after that.
  void run(const std::stop_token& stop);

 private:
  [[nodiscard]] bool run_round();
  [[nodiscard]] bool keep_lease();
  [[nodiscard]] bool use_event_log();
  [[nodiscard]] bool open_event_log();
  void read_event_log();
  void load_heads();
  [[nodiscard]] bool save_position();
  void finish();
  void show_state();
  [[nodiscard]] std::chrono::milliseconds pause() const;
  [[nodiscard]] std::chrono::milliseconds poll() const;
  [[nodiscard]] std::chrono::milliseconds longest_poll() const;

  Surroundings around_;
  LeaderLease& lease_;
  std::int64_t term_;
  PublisherLanes lanes_;

  std::unique_ptr<pg::Connection> event_log_;  // None while the database is away.
  std::string epoch_;
  std::optional<HeadLoad> head_load_;  // None before it, and when it is over.
  std::int64_t read_ = 0;   // Everything up to this offset is in the lanes, or beyond them.
  std::int64_t saved_ = 0;  // The position as the database knows it.
  base::BackOff event_log_pause_;
  bool is_event_log_away_ = false;
  bool is_woken_ = true;    // Since the last reading.
  bool is_behind_ = false;  // The last reading did not reach the end of the log.
  std::chrono::milliseconds poll_;
  base::Clock::Monotonic event_log_due_at_;
  base::Clock::Monotonic read_at_;
  base::Clock::Monotonic saved_at_;
};

}  // namespace engine::bridge
