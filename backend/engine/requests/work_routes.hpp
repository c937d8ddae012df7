#pragma once

#include "engine/jobs/outside_runs.hpp"
#include "engine/requests/authenticator.hpp"
#include "engine/requests/work_waiters.hpp"
#include "http/router.hpp"

namespace engine::requests {

/// The worker API, for tokens with the role `worker`: `POST /v1/work/claim` leases jobs, and
/// `POST /v1/work/{id}/progress`, `extend`, `complete`, `fail` and `give_back` say what becomes of
/// one. Each of those carries the lease; without it nothing is stored.
void mount_work_routes(http::Router& router,
                       const Authenticator& authenticator,
                       const jobs::OutsideRuns& runs,
                       WorkWaiters& waiters);

}  // namespace engine::requests
