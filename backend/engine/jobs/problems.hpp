#pragma once

#include "wire/problem.hpp"

/// What is wrong with attempts that ended without their handler's word.
namespace engine::jobs::problem {

[[nodiscard]] inline wire::Problem attempt_failed() {
  return {.status = 500,
          .type = "attempt-failed",
          .title = "The attempt failed",
          .detail = "The service could not carry out this job. It tries again a few times."};
}

[[nodiscard]] inline wire::Problem worker_lost() {
  return {.status = 500,
          .type = "worker-lost",
          .title = "The worker was lost",
          .detail = "The worker that had this job stopped before it was done."};
}

[[nodiscard]] inline wire::Problem time_limit() {
  return {.status = 504,
          .type = "time-limit",
          .title = "The attempt took too long",
          .detail = "Jobs of this kind may not run for as long as this one did."};
}

[[nodiscard]] inline wire::Problem lease_lost() {
  return {.status = 409,
          .type = "lease-lost",
          .title = "The lease of this job is lost",
          .detail = "Its attempt has ended, or somebody else has the job: stop working on it."};
}

}  // namespace engine::jobs::problem
