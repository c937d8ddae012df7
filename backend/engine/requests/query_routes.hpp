#pragma once

#include "engine/requests/authenticator.hpp"
#include "engine/requests/query_registry.hpp"
#include "http/router.hpp"
#include "pg/pool.hpp"

namespace engine::requests {

/// One GET route per query, each served from one snapshot of the database.
void mount_query_routes(http::Router& router,
                        const QueryRegistry& queries,
                        const Authenticator& authenticator,
                        pg::Pool& pool);

}  // namespace engine::requests
