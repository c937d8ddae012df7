#include "engine/requests/health_routes.hpp"

#include "base/json.hpp"

namespace engine::requests {

void mount_health_routes(http::Router& router, std::vector<Dependency> dependencies) {
  router.add("GET", "/livez", [](const http::Request&) {
    return http::json_response(200, {{"live", true}});
  });
  router.add("GET", "/readyz", [dependencies = std::move(dependencies)](const http::Request&) {
    bool is_ready = true;
    base::Json parts = base::Json::object();
    for (const Dependency& dependency : dependencies) {
      const bool is_part_ready = dependency.is_ready();
      parts[dependency.name] = is_part_ready;
      is_ready = is_ready && is_part_ready;
    }
    return http::json_response(is_ready ? 200 : 503, {{"ready", is_ready}, {"parts", parts}});
  });
}

}  // namespace engine::requests
