#include "engine/requests/area_routes.hpp"

#include "engine/requests/circle.hpp"
#include "wire/parameters.hpp"

namespace engine::requests {

void mount_area_routes(http::Router& router, const Authenticator& authenticator) {
  const auto cover = [](const http::Request& request, const wire::VerifiedToken&) {
    wire::Parameters parameters{request.query};
    const Circle circle = read_circle(parameters);
    if (auto problem = std::move(parameters).finish()) return http::problem_response(*problem);
    return http::json_response(200, cover_view(circle));
  };
  router.add("GET", "/v1/cover", for_callers(authenticator, cover));
}

}  // namespace engine::requests
