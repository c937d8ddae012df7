#pragma once

#include "engine/jobs/job_store.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace engine::jobs {

/// What an outside worker shows to prove that a run is its own: all that the fence asks for, so
/// that nobody here has to remember who claimed what.
struct RunLease {
  using Time = std::chrono::system_clock::time_point;

  wire::JobId job;
  BatchId batch;
  std::int16_t attempt{0};
  WorkerId worker;  // Drawn for this claim alone.
  Time ends_at{};   // Its time limit. The lease itself ends sooner and can be renewed until then.
};

/// Opaque to its bearer. Shape: `[A-Za-z0-9_-]`, at most 128 characters.
[[nodiscard]] std::string text_of(const RunLease& lease);
/// None for what text_of() did not make.
[[nodiscard]] std::optional<RunLease> parse_run_lease(std::string_view text);

}  // namespace engine::jobs
