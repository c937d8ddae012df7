#pragma once

#include "engine/jobs/status_publisher.hpp"
#include "engine/requests/authenticator.hpp"
#include "http/router.hpp"
#include "pg/pool.hpp"

namespace engine::requests {

/// `GET /v1/jobs/{id}`: the truth about a job. `DELETE` cancels it; `statuses` is told so, unless
/// it is null. Somebody else's job is as absent as one that never was.
void mount_job_routes(http::Router& router,
                      const Authenticator& authenticator,
                      pg::Pool& pool,
                      jobs::StatusPublisher* statuses);

}  // namespace engine::requests
