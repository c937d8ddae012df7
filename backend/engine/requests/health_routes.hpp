#pragma once

#include "http/router.hpp"

#include <functional>
#include <string>
#include <vector>

namespace engine::requests {

/// One thing the service depends on. `is_ready` is asked at each request, so it must be quick.
struct Dependency {
  std::string name;
  std::function<bool()> is_ready;
};

/// `/livez`: this process is there. `/readyz`: so is each of its dependencies, or 503.
void mount_health_routes(http::Router& router, std::vector<Dependency> dependencies);

}  // namespace engine::requests
