#pragma once

#include "base/back_off.hpp"

#include <chrono>
#include <random>

namespace engine::bridge {

/// How long to wait before trying the broker again: doubling, and half of it is chance, so that all
/// who lost the same broker do not come back in step.
///
/// Threads: confined.
class RetryPause {
 public:
  RetryPause(std::chrono::milliseconds first, std::chrono::milliseconds most)
      : back_off_{first, most} {}

  [[nodiscard]] std::chrono::milliseconds next() {
    const std::chrono::milliseconds whole = back_off_.next();
    std::uniform_int_distribution jittered{whole.count() / 2, whole.count()};
    return std::chrono::milliseconds{jittered(random_)};
  }
  void reset() { back_off_.reset(); }

 private:
  base::BackOff back_off_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace engine::bridge
