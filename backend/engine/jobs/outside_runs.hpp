#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/wake_signal.hpp"
#include "engine/jobs/node_lease.hpp"
#include "engine/jobs/outside_kind.hpp"
#include "engine/jobs/run_lease.hpp"
#include "engine/jobs/run_store.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "pg/pool.hpp"
#include "wire/problem.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace engine::jobs {

/// Runs of long jobs that programs outside carry out: the same leases, fences, attempts and ends as
/// those of handlers in this program. It remembers nothing between two calls: whoever has the lease
/// may go on at any process.
///
/// Threads: any. Errors of all functions: base::TransientError; a lost lease is the problem
/// `lease-lost`, and then nothing is stored.
class OutsideRuns {
 public:
  using Time = std::chrono::system_clock::time_point;
  /// `queue` is for its own statements. `ready` is notified when there may be room for another run,
  /// `appended` after each commit that may have appended events.
  struct Parts {
    pg::Pool& queue;
    NodeLease& ids;
    base::WakeSignal& ready;
    base::WakeSignal& appended;
    const base::Clock& clock;
    StatusPublisher* statuses;
  };
  OutsideRuns(const Parts& parts, std::vector<OutsideKind> kinds);

  /// Null when outside workers do not carry out that kind.
  [[nodiscard]] const OutsideKind* find(const std::string& kind) const;

  struct Claimed {
    Job job;
    RunLease lease;
    Time leased_until;
    std::chrono::seconds renewed_for{0};  // How long a lease of this kind is.
  };
  /// Leases up to `limit` jobs of `kinds`, most urgent and oldest first.
  /// Shape:  empty means nothing to do; fewer than there are when claiming takes long.
  [[nodiscard]] std::vector<Claimed> claim(const std::vector<std::string>& kinds, int limit) const;

  /// The kind of the job, whether or not the run is held still.
  [[nodiscard]] base::Result<const OutsideKind*, wire::Problem> kind_of(
      const RunLease& lease) const;

  struct Standing {
    Time leased_until;
    bool is_asked_to_stop{false};
  };
  /// Renews the lease, not beyond the time limit; then the attempt fails.
  [[nodiscard]] base::Result<Standing, wire::Problem> extend(const RunLease& lease) const;

  struct Progress {
    std::optional<std::int16_t> percent{};
    std::optional<std::string> note{};
    std::vector<std::string> pieces{};  // JSON texts
    // Of the first piece, from 1; none: they follow those that are there.
    std::optional<std::int32_t> first_place{};
  };
  /// Stores how far the run is, and renews the lease. Pieces at places that are taken change
  /// nothing.
  /// Errors: `invalid-body` for more pieces than a run may show.
  [[nodiscard]] base::Result<Standing, wire::Problem> report(const RunLease& lease,
                                                             const Progress& progress) const;

  /// None: it is stored. Completing again with the same result says so again.
  [[nodiscard]] std::optional<wire::Problem> complete(const RunLease& lease,
                                                      const Completed& completed) const;

  struct Failed {
    wire::Problem problem;
    bool is_retried{true};                           // While attempts are left.
    std::optional<std::chrono::seconds> retry_in{};  // None: as the kind does.
  };
  [[nodiscard]] std::optional<wire::Problem> fail(const RunLease& lease,
                                                  const Failed& failed) const;

  /// The job ends as somebody asked; without that it waits for another worker, and the attempt is
  /// not counted.
  [[nodiscard]] std::optional<wire::Problem> give_back(const RunLease& lease) const;

  /// How the job stands, for whoever has just ended its run.
  [[nodiscard]] std::optional<JobStatus> status(const RunLease& lease) const;

 private:
  [[nodiscard]] std::optional<Claimed> claim_one(pg::Connection& connection,
                                                 const std::vector<KindLimit>& limits,
                                                 std::chrono::milliseconds shortest) const;
  [[nodiscard]] base::Result<Standing, wire::Problem> renew(pg::Connection& connection,
                                                            const RunLease& lease,
                                                            const OutsideKind& kind) const;
  [[nodiscard]] const OutsideKind* held_kind(pg::Connection& connection,
                                             const RunLease& lease) const;
  [[nodiscard]] bool is_stored(pg::Connection& connection,
                               const RunLease& lease,
                               const Completed& completed) const;
  void tell(pg::Connection& connection, wire::JobId job) const;

  Parts parts_;
  std::map<std::string, OutsideKind> kinds_;
};

}  // namespace engine::jobs
