#pragma once

#include <chrono>

namespace base {

/// The two clocks of a process: one that counts, one that is on the wall.
///
/// Leases and retries in the database use the database's clock, never this one.
/// Threads: any.
class Clock {
 public:
  using Monotonic = std::chrono::steady_clock::time_point;
  using Wall = std::chrono::system_clock::time_point;

  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Never goes back; for deadlines and durations.
  [[nodiscard]] virtual Monotonic monotonic() const = 0;
  /// May be set by an operator at any time; for what people and other machines read.
  [[nodiscard]] virtual Wall wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] Wall wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace base
