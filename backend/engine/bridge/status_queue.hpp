#pragma once

#include "engine/jobs/job_status.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace engine::bridge {

/// Statuses that wait for the broker, oldest first. Whoever adds one never waits: when it is full,
/// the oldest is dropped, because the newest status of a job says more than an older one.
///
/// Threads: confined.
class StatusQueue {
 public:
  /// `jobs_max` statuses, `bytes_max` bytes of results and problems.
  StatusQueue(std::size_t jobs_max, std::size_t bytes_max)
      : jobs_max_{jobs_max}, bytes_max_{bytes_max} {}

  /// Returns how many were dropped to make room.
  std::size_t add(std::vector<jobs::JobStatus> statuses);
  [[nodiscard]] std::optional<jobs::JobStatus> take();
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  [[nodiscard]] static std::size_t bytes_of(const jobs::JobStatus& status);

  std::size_t jobs_max_;
  std::size_t bytes_max_;
  std::deque<jobs::JobStatus> waiting_;
  std::size_t bytes_ = 0;
};

}  // namespace engine::bridge
