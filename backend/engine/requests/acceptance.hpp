#pragma once

#include "base/clock.hpp"
#include "engine/jobs/batch_inserter.hpp"
#include "engine/requests/command_registry.hpp"
#include "engine/requests/job_waiters.hpp"

namespace engine::requests {

/// What turns a request into a job and its reply. All of it outlives the routes.
struct Acceptance {
  const CommandRegistry& commands;
  jobs::BatchInserter& inserter;
  JobWaiters& waiters;
  const base::Clock& clock;
};

}  // namespace engine::requests
