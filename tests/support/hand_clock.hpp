#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace support {

/// Both clocks stand still until the test moves them.
///
/// Threads: any.
class HandClock final : public base::Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override {
    return Monotonic{} + std::chrono::hours{1} + passed();
  }
  [[nodiscard]] Wall wall() const override { return Wall{} + std::chrono::years{56} + passed(); }

  void pass(std::chrono::milliseconds time) { passed_ms_ += time.count(); }

 private:
  [[nodiscard]] std::chrono::milliseconds passed() const {
    return std::chrono::milliseconds{passed_ms_.load()};
  }

  std::atomic<std::int64_t> passed_ms_{0};
};

}  // namespace support
