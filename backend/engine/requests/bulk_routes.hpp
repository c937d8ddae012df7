#pragma once

#include "engine/requests/acceptance.hpp"
#include "engine/requests/authenticator.hpp"
#include "http/router.hpp"

namespace engine::requests {

/// POST /v1/jobs: jobs of any kind, one or up to 1,000 in an array, for tokens with the role
/// `operator` or `worker`. An array is stored as a whole or not at all.
///
/// The arguments of each pass the parser of the command of that kind.
void mount_bulk_routes(http::Router& router,
                       const Authenticator& authenticator,
                       const Acceptance& acceptance);

}  // namespace engine::requests
