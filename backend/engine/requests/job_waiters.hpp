#pragma once

#include "base/guarded.hpp"
#include "base/log.hpp"
#include "engine/jobs/job_status.hpp"
#include "engine/jobs/status_publisher.hpp"
#include "pg/pool.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <set>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <vector>

namespace engine::requests {

struct WaiterOptions {
  // Each is an open request of some KiB. Beyond: nobody waits, and the client has its reply at
  // once.
  std::size_t waiters_max{4'096};
  // How often the database is asked about everybody's jobs; of those that end in this process is
  // heard at once. 2,000 waiters: docs/benchmarks.md.
  std::chrono::milliseconds look_every{250};
  // How soon a server that stops gives its replies.
  std::chrono::milliseconds stop_within{100};
};

/// Requests that wait for their job: any number on one thread and one connection of the database,
/// which is asked about all of them at once.
///
/// Threads: any may add and publish; owns one.
class JobWaiters final : public jobs::StatusPublisher {
 public:
  struct Wait {
    jobs::JobStatus last;  // As it is known to stand; what is replied if nothing newer comes.
    std::chrono::steady_clock::time_point until;
    std::stop_token stopping;
    std::function<bool(const jobs::JobStatus&)> is_enough;
    // Called once, with the newest that is known.
    std::function<void(const jobs::JobStatus&)> reply;
  };

  JobWaiters(pg::Pool& pool, const base::Log& log, WaiterOptions options = {});

  /// False when too many wait already: then `wait` is untouched.
  [[nodiscard]] bool add(Wait& wait);

  /// A hint that these jobs have changed; the database is asked.
  void publish(std::vector<jobs::JobStatus> statuses) noexcept override;

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    std::unordered_multimap<std::int64_t, Wait> waits;  // By job id.
    std::set<std::int64_t> changed;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] std::vector<std::int64_t> take_changed(const std::stop_token& stop);
  [[nodiscard]] std::vector<std::int64_t> all_waited_for() const;
  void look_at(const std::vector<std::int64_t>& ids);
  void tell(const jobs::JobStatus& status);
  void reply_to_due();

  pg::Pool& pool_;
  const base::Log& log_;
  const WaiterOptions options_;
  base::Guarded<State> state_;
  std::jthread thread_;
};

}  // namespace engine::requests
