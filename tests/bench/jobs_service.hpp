#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "bench/jobs_load.hpp"
#include "engine/jobs/batch_inserter.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/worker.hpp"
#include "pg/pool.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// The job engine by itself, as engine.cpp puts it together: inserter and workers, no HTTP, no
/// relay. Threads: any may accept.
class Service {
 public:
  explicit Service(const std::string& url);

  /// `on_begun` is called for each job that a handler is given.
  void start(std::function<void(std::size_t n)> on_begun = {});
  /// Errors: std::runtime_error when they are refused.
  void accept(std::vector<engine::jobs::JobSpec> specs);
  /// Waits until `jobs` are at work, then lets the workers end what they have. Handlers hear of
  /// jobs before the commit, so only afterwards everything is done. Returns how many were done.
  std::size_t finish(std::size_t jobs);

 private:
  base::SystemClock clock_;
  base::Log log_{base::LogFormat::kText, base::LogLevel::kWarning};
  pg::Pool pool_;
  engine::jobs::NodeLease ids_;
  base::WakeSignal accepted_;
  base::WakeSignal appended_;
  Progress progress_;
  engine::jobs::HandlerRegistry handlers_;
  std::vector<std::unique_ptr<engine::jobs::Worker>> workers_;
  std::optional<engine::jobs::BatchInserter> inserter_;
};

}  // namespace bench
