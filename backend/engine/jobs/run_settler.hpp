#pragma once

#include "base/log.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/handler_registry.hpp"
#include "engine/jobs/long_handler.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/run_store.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "pg/pool.hpp"

#include <optional>

namespace engine::jobs {

/// Ends a run as `finished` says, in one transaction; a job that had ended already stays as it is.
/// False: the lease was lost, or a commit that was in doubt has stored it.
[[nodiscard]] bool complete_run(pg::Connection& connection,
                                WorkerId worker,
                                const Claim& claim,
                                const Finished& finished);

/// Stores how runs of long jobs ended, each in one fenced transaction: whoever has lost the lease
/// stores nothing.
///
/// Threads: any.
class RunSettler {
 public:
  struct Parts {
    pg::Pool& queue;
    const HandlerRegistry& handlers;
    NodeLease& ids;
    base::WakeSignal& appended;
    const base::Log& log;
    StatusPublisher* statuses;
  };
  explicit RunSettler(const Parts& parts) : parts_{parts} {}

  /// What came of a handler: what it returned, or that it threw.
  struct End {
    std::optional<Finished> finished{};
    bool has_failed{false};
  };

  /// Tries until it is stored, or the lease is lost, or `patience` is over: then the job is rescued
  /// when its lease has ended.
  void settle(WorkerId worker,
              const ClaimedRun& claimed,
              Run& run,
              const End& end,
              std::chrono::milliseconds patience) const;

  /// Stores what is new of it. False: the lease was lost.
  [[nodiscard]] bool report(WorkerId worker, const ClaimedRun& claimed, Run& run) const;

 private:
  void store(WorkerId worker, const ClaimedRun& claimed, Run& run, const End& end) const;
  void complete(WorkerId worker, const ClaimedRun& claimed, const Finished& finished) const;
  void fail(WorkerId worker, const ClaimedRun& claimed, const wire::Problem& problem) const;
  void leave(WorkerId worker, const ClaimedRun& claimed) const;

  Parts parts_;
};

}  // namespace engine::jobs
