#pragma once

#include "engine/requests/authenticator.hpp"
#include "http/router.hpp"

namespace engine::requests {

/// `GET /v1/cover`: which topics cover a circle.
void mount_area_routes(http::Router& router, const Authenticator& authenticator);

}  // namespace engine::requests
