#pragma once

#include "base/guarded.hpp"
#include "base/json.hpp"
#include "engine/jobs/handler.hpp"
#include "engine/jobs/job.hpp"
#include "geo/cell.hpp"
#include "pg/options.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What every contestant of bench_jobs does: the same arguments, results and events.
namespace bench {

inline constexpr const char* kKind = "bench.act";
inline constexpr std::size_t kCommitJobs = 500;
inline constexpr std::size_t kWorkers = 2;  // As many as the product has by default.

/// Which of its 1,024 topics job `n` has its event on.
[[nodiscard]] const geo::Cell& cell_of_job(std::size_t n);
/// About 200 bytes of JSON.
[[nodiscard]] std::string args_of_job(std::size_t n);
[[nodiscard]] engine::jobs::JobSpec spec_of_job(std::size_t n);
[[nodiscard]] base::Json result_of_job(std::size_t n);
[[nodiscard]] base::Json event_of_job(std::size_t n);
inline constexpr const char* kEventType = "thing.done";

/// How many jobs handlers were given, and a way to wait for it. Threads: any.
class Progress {
 public:
  void add(std::size_t jobs) {
    done_.update([&](std::size_t& done) { done += jobs; });
  }
  [[nodiscard]] std::size_t done() const {
    return done_.with([](std::size_t done) { return done; });
  }
  /// Errors: std::runtime_error when it takes longer than `limit`.
  void wait_for(std::size_t jobs, std::chrono::seconds limit);

 private:
  base::Guarded<std::size_t> done_{0};
};

/// Completes each job with one result and one event; `on_begun`, if any, hears of each job first.
[[nodiscard]] std::unique_ptr<engine::jobs::BatchHandler> act(
    Progress& progress, std::function<void(std::size_t n)> on_begun);

/// As the product's queue connections.
[[nodiscard]] pg::ConnectionOptions queue_connection(const std::string& url);

/// Wall time, and the processor time of this process, from its construction on.
class Stopwatch {
 public:
  Stopwatch();
  [[nodiscard]] base::Json figures(std::size_t jobs) const;

 private:
  std::chrono::steady_clock::time_point began_at_;
  double cpu_s_;
};

}  // namespace bench
