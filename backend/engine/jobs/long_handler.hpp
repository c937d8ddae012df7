#pragma once

#include "engine/jobs/outcome.hpp"
#include "engine/jobs/run.hpp"

#include <functional>
#include <optional>

namespace pg {
class Transaction;
}

namespace engine::jobs {

/// How a long handler ended its job.
struct Finished {
  Outcome outcome;
  // Writes what is to be stored, in the transaction that ends the job: all of it, or nothing. Runs
  // again when that transaction fails.
  std::function<void(pg::Transaction&)> store{};
};

/// Carries out one job that takes longer than a transaction should: seconds to hours.
///
/// It runs outside any transaction, tells how far it is, and stops when asked. It runs again after
/// a crash, so it has no effects but what it returns. It may be called from several threads.
class LongHandler {
 public:
  LongHandler() = default;
  LongHandler(const LongHandler&) = delete;
  LongHandler& operator=(const LongHandler&) = delete;
  virtual ~LongHandler() = default;

  /// Shape:  none when it stopped because `run.stop()` asked for it.
  /// Errors: whatever is thrown ends the attempt, unless a stop was requested.
  [[nodiscard]] virtual std::optional<Finished> handle(Run& run) const = 0;
};

}  // namespace engine::jobs
