#pragma once

#include "engine/jobs/batch_inserter.hpp"
#include "engine/requests/authenticator.hpp"
#include "engine/requests/command_registry.hpp"
#include "http/router.hpp"

namespace engine::requests {

/// One route per command. The reply is 202: the job is on disk, not yet done. A repeat with the
/// same idempotency key is replied to with the job of the first.
void mount_command_routes(http::Router& router,
                          const CommandRegistry& commands,
                          const Authenticator& authenticator,
                          jobs::BatchInserter& inserter,
                          pg::Pool& readers);

}  // namespace engine::requests
