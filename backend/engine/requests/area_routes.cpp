#include "engine/requests/area_routes.hpp"

#include "engine/requests/circle.hpp"
#include "wire/parameters.hpp"

namespace engine::requests {

void mount_area_routes(http::Router& router, const Authenticator& authenticator) {
  router.add("GET", "/v1/cover", [&authenticator](const http::Request& request) {
    const auto token = authenticator.authenticate(request);
    if (!token) return http::problem_response(token.error());
    wire::Parameters parameters{request.query};
    const Circle circle = read_circle(parameters);
    if (auto problem = std::move(parameters).finish()) return http::problem_response(*problem);
    return http::json_response(200, cover_view(circle));
  });
}

}  // namespace engine::requests
