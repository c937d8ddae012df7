#pragma once

#include "engine/jobs/job.hpp"
#include "engine/jobs/outcome.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace pg {
class Transaction;
}

namespace engine::jobs {

/// Carries out many jobs of one kind inside one open transaction.
///
/// What it writes through `tx` commits together with the outcomes, or not at all; it runs again
/// after a crash, so it has no other effects. It may be called from several threads.
class BatchHandler {
 public:
  BatchHandler() = default;
  BatchHandler(const BatchHandler&) = delete;
  BatchHandler& operator=(const BatchHandler&) = delete;
  virtual ~BatchHandler() = default;

  /// Shape:  one outcome per job, in the order of `jobs`.
  /// Errors: whatever is thrown ends the attempt and rolls back; the jobs are then tried in smaller
  ///         batches, at last alone.
  [[nodiscard]] virtual std::vector<Outcome> handle(std::span<const Job> jobs,
                                                    pg::Transaction& tx) const = 0;
};

}  // namespace engine::jobs
