#include "engine/requests/job_routes.hpp"

#include "engine/jobs/job_store.hpp"
#include "engine/jobs/job_view.hpp"

namespace engine::requests {
namespace {

http::Response show_job(const http::Request& request, const wire::Caller& caller, pg::Pool& pool) {
  const auto absent = [] { return http::problem_response(wire::problem::not_found("job")); };
  const auto id = wire::JobId::parse(request.path_parameters.at("id"));
  if (!id) return absent();

  const auto connection = pool.acquire();
  const auto status = jobs::find_job(*connection, *id);
  if (!status || status->caller != caller.text()) return absent();

  http::Response response = http::json_response(200, jobs::job_view(*status));
  if (!jobs::is_final(status->state)) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

void mount_job_routes(http::Router& router, const Authenticator& authenticator, pg::Pool& pool) {
  const auto show = [&pool](const http::Request& request, const wire::VerifiedToken& token) {
    return show_job(request, token.caller, pool);
  };
  router.add("GET", "/v1/jobs/{id}", for_callers(authenticator, show));
}

}  // namespace engine::requests
