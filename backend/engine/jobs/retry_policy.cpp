#include "engine/jobs/retry_policy.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace engine::jobs {

std::chrono::milliseconds RetryPolicy::delay_after(int attempt, double chance) const {
  const double doubled = std::ldexp(static_cast<double>(first.count()), std::min(attempt - 1, 30));
  const double bound = std::min(doubled, static_cast<double>(longest.count()));
  return std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(bound * chance)};
}

double RetryPolicy::any_chance() {
  thread_local std::minstd_rand chance{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(chance);
}

}  // namespace engine::jobs
