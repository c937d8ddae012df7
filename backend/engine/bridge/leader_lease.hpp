#pragma once

#include "base/clock.hpp"
#include "pg/connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

namespace engine::bridge {

/// The right to relay: one process has it at a time. It is bound to `session` and to time.
///
/// Another process takes it over at once when the session is gone, or when the lease has run out
/// by the database's clock. This side counts with the monotonic clock from before each request and
/// gives up a margin earlier, so the two never overlap by a slow reply.
/// Threads: confined. Any error of the session ends the lease: make another with a new session.
class LeaderLease {
 public:
  // A process that was stopped is replaced after this time; a database that is away for longer
  // interrupts the relaying, which it does anyway.
  static constexpr std::chrono::milliseconds kLease{10'000};
  static constexpr std::chrono::milliseconds kRenewal{3'000};
  static constexpr std::chrono::milliseconds kMargin{1'000};

  LeaderLease(pg::Connection& session, const base::Clock& clock)
      : session_{session}, clock_{clock} {}

  /// The term of leadership, higher than all before it; none while another process leads.
  [[nodiscard]] std::optional<std::int64_t> take();

  /// False: another process leads, or nobody; stop relaying.
  [[nodiscard]] bool renew();
  [[nodiscard]] bool is_due() const { return clock_.monotonic() >= held_since_ + kRenewal; }
  [[nodiscard]] bool is_held() const { return clock_.monotonic() < held_since_ + kLease - kMargin; }

  /// Lets the next candidate lead at once.
  void release();

 private:
  pg::Connection& session_;
  const base::Clock& clock_;
  std::int64_t term_ = 0;
  base::Clock::Monotonic held_since_ = base::Clock::Monotonic::min();
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> leader_lease_statements();

}  // namespace engine::bridge
