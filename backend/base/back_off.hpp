#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace base {

/// The growing pause between attempts at something that fails, or finds nothing to do.
///
/// Threads: confined.
class BackOff {
 public:
  BackOff(std::chrono::milliseconds shortest, std::chrono::milliseconds longest)
      : shortest_{shortest}, longest_{longest}, next_{shortest} {}

  /// Doubles with each call, up to the longest.
  [[nodiscard]] std::chrono::milliseconds next() {
    return std::exchange(next_, std::min(next_ * 2, longest_));
  }
  void reset() { next_ = shortest_; }

 private:
  std::chrono::milliseconds shortest_;
  std::chrono::milliseconds longest_;
  std::chrono::milliseconds next_;
};

}  // namespace base
