#pragma once

#include "engine/requests/authenticator.hpp"
#include "engine/requests/event_waiters.hpp"
#include "http/router.hpp"
#include "pg/pool.hpp"

namespace engine::requests {

/// `GET /v1/events`: the event log of an area from a position on; with `Prefer: wait=N` an empty
/// page at the end of the log is held until there is an event.
void mount_event_routes(http::Router& router,
                        const Authenticator& authenticator,
                        pg::Pool& pool,
                        EventWaiters& waiters);

}  // namespace engine::requests
