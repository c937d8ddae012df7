#pragma once

#include "base/check.hpp"
#include "wire/job_id.hpp"

#include <chrono>
#include <compare>
#include <cstdint>

namespace engine::jobs {

/// The time part of an id: milliseconds since 2025-01-01 UTC and 16 steps within each.
///
/// 45 bits, enough until the year 2094; with 6 bits of node number and 12 bits of place in the
/// batch a job id is a positive 63-bit number.
struct Stamp {
  std::int64_t value{0};

  friend auto operator<=>(const Stamp&, const Stamp&) = default;

  [[nodiscard]] static Stamp at(std::chrono::system_clock::time_point wall) {
    using std::chrono::milliseconds;
    constexpr std::chrono::sys_days kStart{std::chrono::year{2025} / 1 / 1};
    const auto passed = std::chrono::floor<milliseconds>(wall - kStart).count();
    return {std::max<std::int64_t>(passed, 0) << kStepBits};
  }
  [[nodiscard]] Stamp plus(std::chrono::milliseconds later) const {
    return {value + (later.count() << kStepBits)};
  }

  static constexpr int kStepBits = 4;
};

/// The id of a batch, and the source of its jobs' ids. Time-ordered.
struct BatchId {
  std::int64_t value{0};

  friend auto operator<=>(const BatchId&, const BatchId&) = default;

  static constexpr int kNodeBits = 6;
  static constexpr int kPlaceBits = 12;
  static constexpr int kJobsMax = 1 << kPlaceBits;

  [[nodiscard]] static BatchId of(Stamp stamp, int node) {
    return {stamp.value << kNodeBits | static_cast<std::int64_t>(node)};
  }
  /// Shape: `place` in [0, 4096).
  [[nodiscard]] wire::JobId job(std::size_t place) const {
    base::check(place < std::size_t{kJobsMax}, "a batch holds 4096 jobs");
    return wire::JobId{value << kPlaceBits | static_cast<std::int64_t>(place)};
  }
};

}  // namespace engine::jobs
