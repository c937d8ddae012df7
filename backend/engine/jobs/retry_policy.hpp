#pragma once

#include <chrono>

namespace engine::jobs {

/// How long a failed job waits before its next attempt.
struct RetryPolicy {
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds longest{std::chrono::minutes{5}};

  /// Doubles with each attempt up to `longest`, with full jitter, so that jobs that failed together
  /// do not come back together.
  ///
  /// Units: `attempt` is the one that failed, from 1; `chance` is uniform in [0, 1).
  /// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
  [[nodiscard]] std::chrono::milliseconds delay_after(int attempt, double chance) const;

  /// For whoever keeps no random numbers of their own. Threads: any.
  [[nodiscard]] static double any_chance();
};

}  // namespace engine::jobs
