#pragma once

#include "base/json.hpp"
#include "engine/outbox/event.hpp"
#include "wire/problem.hpp"

#include <chrono>
#include <cstddef>
#include <variant>
#include <vector>

namespace engine::jobs {

/// The job did what it was asked to; `result` is what its resource shows from now on.
/// Limits: `result` of kResultBytesMax as JSON text.
struct Completed {
  base::Json result;
  std::vector<outbox::Event> events;
};

/// A domain "no" that only the worker could know. Final: it is not tried again.
struct Discarded {
  wire::Problem problem;
};

/// Not now: the job waits for `delay` and is carried out again. This attempt does not count.
/// Units: at most kSnoozeMax.
struct Snoozed {
  std::chrono::milliseconds delay;
};

inline constexpr std::chrono::hours kSnoozeMax{30 * 24};

inline constexpr std::size_t kResultBytesMax = std::size_t{1024} * 1024;

using Outcome = std::variant<Completed, Discarded, Snoozed>;

}  // namespace engine::jobs
