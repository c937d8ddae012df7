#pragma once

#include "engine/jobs/job_status.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace engine::bridge {

/// Statuses that wait for the broker, oldest first. Whoever adds one never waits: when it is full,
/// the oldest is dropped, because the newest status of a job says more than an older one.
///
/// Who tells of a job has read how it stands a moment ago, and two that do so at once may come in
/// either order. So what is older than what was added of the same job is left out, as long as that
/// is not `jobs_max` jobs ago.
///
/// Threads: confined.
class StatusQueue {
 public:
  /// `jobs_max` statuses, `bytes_max` bytes of results and problems.
  StatusQueue(std::size_t jobs_max, std::size_t bytes_max)
      : jobs_max_{jobs_max}, bytes_max_{bytes_max} {}

  /// Returns how many were dropped to make room; those left out do not count.
  std::size_t add(std::vector<jobs::JobStatus> statuses);
  [[nodiscard]] std::optional<jobs::JobStatus> take();
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  [[nodiscard]] static std::size_t bytes_of(const jobs::JobStatus& status);
  [[nodiscard]] bool is_outdated(const jobs::JobStatus& status);

  std::size_t jobs_max_;
  std::size_t bytes_max_;
  std::deque<jobs::JobStatus> waiting_;
  std::unordered_map<std::int64_t, std::int64_t> newest_;  // Versions by job.
  std::deque<std::int64_t> told_of_;                       // The keys of newest_, oldest first.
  std::size_t bytes_ = 0;
};

}  // namespace engine::bridge
