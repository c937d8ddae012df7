#include "engine/jobs/job_status.hpp"

namespace engine::jobs {

std::string_view text_of(JobState state) {
  switch (state) {
    case JobState::kAvailable:
      return "available";
    case JobState::kScheduled:
      return "scheduled";
    case JobState::kRunning:
      return "running";
    case JobState::kRetryable:
      return "retryable";
    case JobState::kCompleted:
      return "completed";
    case JobState::kDiscarded:
      return "discarded";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "available";
}

bool is_final(JobState state) {
  return state == JobState::kCompleted || state == JobState::kDiscarded ||
         state == JobState::kCancelled;
}

}  // namespace engine::jobs
