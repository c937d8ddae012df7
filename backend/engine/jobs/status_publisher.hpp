#pragma once

#include "engine/jobs/job_status.hpp"

#include <vector>

namespace engine::jobs {

/// Tells whoever follows a job how it stands now: a hint, the job's resource is the truth.
///
/// Called after the commit that made it true, by the thread that committed. An implementation
/// never waits for anything: what it has no room for, it drops.
/// Threads: any.
class StatusPublisher {
 public:
  StatusPublisher() = default;
  StatusPublisher(const StatusPublisher&) = delete;
  StatusPublisher& operator=(const StatusPublisher&) = delete;
  virtual ~StatusPublisher() = default;

  virtual void publish(std::vector<JobStatus> statuses) noexcept = 0;
};

}  // namespace engine::jobs
