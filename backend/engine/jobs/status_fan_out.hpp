#pragma once

#include "engine/jobs/status_publisher.hpp"

#include <utility>
#include <vector>

namespace engine::jobs {

/// Tells several publishers. They outlive it.
class StatusFanOut final : public StatusPublisher {
 public:
  explicit StatusFanOut(std::vector<StatusPublisher*> followers)
      : followers_{std::move(followers)} {}

  void publish(std::vector<JobStatus> statuses) noexcept override {
    for (StatusPublisher* follower : followers_) follower->publish(statuses);
  }

 private:
  std::vector<StatusPublisher*> followers_;
};

}  // namespace engine::jobs
