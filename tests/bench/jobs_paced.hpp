#pragma once

#include "base/guarded.hpp"
#include "base/json.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace bench {

/// Jobs that arrive one by one at a steady rate, whether or not the service keeps up, and how long
/// after its time each was begun. Threads: any.
class Arrivals {
 public:
  /// Units: `rate` per second.
  Arrivals(std::size_t jobs, std::size_t rate);

  /// Calls `accept(caller, n)` when job n is due, from kCallers threads; returns after the last.
  void arrive(const std::function<void(std::size_t caller, std::size_t n)>& accept) const;
  void note_begun(std::size_t n);
  /// Adds the delays' p50_ms and p99_ms to `figures`.
  [[nodiscard]] base::Json figures(base::Json figures) const;

  static constexpr std::size_t kCallers = 16;
  // Not measured: connections are made and statements prepared. 99 of 100 of five seconds' jobs at
  // 100 a second are all but five, so the first ones would be what p99 shows.
  static constexpr std::size_t kWarmUp = 100;

 private:
  using Monotonic = std::chrono::steady_clock;
  [[nodiscard]] Monotonic::time_point due(std::size_t n) const;

  std::size_t jobs_;
  std::chrono::nanoseconds period_;
  Monotonic::time_point first_at_;
  base::Guarded<std::vector<double>> delays_ms_;
};

/// The engine, one POST's worth at a time: jobs, seconds, cpu_s, p50_ms and p99_ms.
[[nodiscard]] base::Json pace_engine(const std::string& url, std::size_t jobs, std::size_t rate);
/// The same by a queue of one row for each job: inserted, leased by an update, deleted; one result
/// and one event each. Makes its tables in the schema bench_rows.
[[nodiscard]] base::Json pace_rows(const std::string& url, std::size_t jobs, std::size_t rate);

}  // namespace bench
