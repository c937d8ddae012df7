#pragma once

#include "engine/jobs/status_publisher.hpp"
#include "engine/requests/authenticator.hpp"
#include "engine/requests/job_waiters.hpp"
#include "http/router.hpp"
#include "pg/pool.hpp"

namespace engine::requests {

/// `GET /v1/jobs/{id}`: the truth about a job, conditional by its ETag; with `Prefer: wait=N` it is
/// held until the job differs from `If-None-Match`, or is final. `DELETE` cancels it, and
/// `statuses` is told so. Somebody else's job is as absent as one that never was.
void mount_job_routes(http::Router& router,
                      const Authenticator& authenticator,
                      pg::Pool& pool,
                      JobWaiters& waiters,
                      jobs::StatusPublisher& statuses);

}  // namespace engine::requests
