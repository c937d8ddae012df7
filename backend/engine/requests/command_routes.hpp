#pragma once

#include "engine/requests/acceptance.hpp"
#include "engine/requests/authenticator.hpp"
#include "http/router.hpp"

namespace engine::requests {

/// One route per command. The reply is 202: the job is on disk, not yet done. A repeat with the
/// same idempotency key is replied to with the job of the first. Who prefers to wait has the final
/// job, if it ends in time.
void mount_command_routes(http::Router& router,
                          const Authenticator& authenticator,
                          const Acceptance& acceptance);

}  // namespace engine::requests
