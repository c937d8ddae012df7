#pragma once

#include "engine/jobs/job_status.hpp"

#include <cstddef>
#include <string>

namespace engine::bridge {

/// What is published of a job for the caller who follows it.
struct StatusMessage {
  std::string topic;
  std::string payload;
};

/// The largest payload. A job that is larger goes without `partial` and `result` and says
/// `"truncated":true`; its resource has them.
inline constexpr std::size_t kStatusBytesMax = std::size_t{32} * 1024;

/// The job exactly as its resource shows it, as a bare object and not as an envelope: it is not in
/// the event log.
/// Source: docs/topics.md.
[[nodiscard]] StatusMessage status_message(const jobs::JobStatus& status);

}  // namespace engine::bridge
