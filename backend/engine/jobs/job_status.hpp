#pragma once

#include "wire/job_id.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace engine::jobs {

enum class JobState {
  kAvailable,
  kScheduled,
  kRunning,
  kRetryable,
  kCompleted,
  kDiscarded,
  kCancelled
};

/// The word of the contract: "available".
[[nodiscard]] std::string_view text_of(JobState state);
[[nodiscard]] bool is_final(JobState state);

/// Everything a job's resource shows. States and their arrows: docs/job-states.md.
struct JobStatus {
  using Time = std::chrono::system_clock::time_point;

  wire::JobId id;
  std::string kind;
  std::string caller;
  JobState state{JobState::kAvailable};
  std::int64_t version{1};  // Grows with each change that a client can see.
  int attempt{0};
  int max_attempts{0};
  std::optional<std::string> result{};   // JSON text
  std::optional<std::string> problem{};  // JSON text
  Time created_at{};
  Time scheduled_at{};  // When it may run next, or might have.
  std::optional<Time> finalized_at{};
  std::optional<int> percent{};  // How far a long job says it is, and in words.
  std::string note{};
  std::string partial{"[]"};  // JSON text of an array
  // When somebody asked for its end while it ran.
  std::optional<Time> stop_requested_at{};
};

}  // namespace engine::jobs
