#include "engine/requests/job_routes.hpp"

#include "engine/jobs/control_store.hpp"
#include "engine/jobs/job_view.hpp"
#include "engine/jobs/status_store.hpp"

namespace engine::requests {
namespace {

http::Response absent() {
  return http::problem_response(wire::problem::not_found("job"));
}

http::Response show_job(pg::Connection& connection, wire::JobId id, const wire::Caller& caller) {
  const auto status = jobs::find_job(connection, id);
  if (!status || status->caller != caller.text()) return absent();

  http::Response response = http::json_response(200, jobs::job_view(*status));
  if (!jobs::is_final(status->state)) response.headers.emplace_back("Retry-After", "1");
  return response;
}

wire::Problem has_ended() {
  return {.status = 409,
          .type = "job-has-ended",
          .title = "The job has ended",
          .detail = "It can no longer be cancelled. GET shows what became of it."};
}

http::Response cancel_job(const http::Request& request,
                          const wire::Caller& caller,
                          pg::Pool& pool,
                          jobs::StatusPublisher* statuses) {
  const auto id = wire::JobId::parse(request.path_parameters.at("id"));
  if (!id) return absent();

  const auto connection = pool.acquire();
  const auto ended = jobs::cancel_job(*connection, *id, caller.text());
  switch (ended) {
    case jobs::EndedEarly::kAbsent:
      return absent();
    case jobs::EndedEarly::kFinal:
      return http::problem_response(has_ended());
    case jobs::EndedEarly::kBusy:
      return http::problem_response(wire::problem::unavailable(
          "The job is being carried out at this moment.", std::chrono::seconds{1}));
    case jobs::EndedEarly::kAsked:
    case jobs::EndedEarly::kDone:
      break;
  }
  jobs::publish_status(*connection, *id, statuses);
  http::Response response = show_job(*connection, *id, caller);
  // It may have ended by itself since: then there is nothing more to wait for.
  if (ended == jobs::EndedEarly::kAsked) response.status = 202;
  return response;
}

}  // namespace

void mount_job_routes(http::Router& router,
                      const Authenticator& authenticator,
                      pg::Pool& pool,
                      jobs::StatusPublisher* statuses) {
  const auto show = [&pool](const http::Request& request, const wire::VerifiedToken& token) {
    const auto id = wire::JobId::parse(request.path_parameters.at("id"));
    return id ? show_job(*pool.acquire(), *id, token.caller) : absent();
  };
  const auto cancel = [&pool, statuses](const http::Request& request,
                                        const wire::VerifiedToken& token) {
    return cancel_job(request, token.caller, pool, statuses);
  };
  router.add("DELETE", "/v1/jobs/{id}", for_callers(authenticator, cancel));
  router.add("GET", "/v1/jobs/{id}", for_callers(authenticator, show));
}

}  // namespace engine::requests
