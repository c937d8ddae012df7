#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace engine::jobs {

/// How many were there at once, lately: the most of the window that runs, and of the one before.
class Crowd {
 public:
  using Monotonic = std::chrono::steady_clock::time_point;

  explicit Crowd(std::chrono::milliseconds window) : window_{window} {}

  void see(std::size_t count, Monotonic now) {
    if (now >= began_ + window_) {
      before_ = now >= began_ + 2 * window_ ? 0 : most_;
      most_ = 0;
      began_ = now;
    }
    most_ = std::max(most_, count);
  }
  [[nodiscard]] std::size_t size() const { return std::max(most_, before_); }

 private:
  std::chrono::milliseconds window_;
  Monotonic began_{};
  std::size_t most_{0};
  std::size_t before_{0};
};

}  // namespace engine::jobs
