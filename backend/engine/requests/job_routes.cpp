#include "engine/requests/job_routes.hpp"

#include "engine/jobs/control_store.hpp"
#include "engine/jobs/status_store.hpp"
#include "engine/requests/job_reply.hpp"
#include "engine/requests/preferences.hpp"

namespace engine::requests {
namespace {

http::Response absent() {
  return http::problem_response(wire::problem::not_found("job"));
}

std::optional<jobs::JobStatus> find_own(pg::Connection& connection,
                                        wire::JobId id,
                                        const wire::Caller& caller) {
  auto status = jobs::find_job(connection, id);
  return status && status->caller == caller.text() ? std::move(status) : std::nullopt;
}

// What the client has not got yet; 304 when it has.
http::Response fresh_reply(const http::Request& request, const jobs::JobStatus& status) {
  http::Response reply = job_reply(200, status);
  return is_known(request, reply) ? not_modified(reply) : reply;
}

http::Response show_job(const http::Request& request,
                        const wire::Caller& caller,
                        pg::Pool& pool,
                        JobWaiters& waiters) {
  const auto id = wire::JobId::parse(request.path_parameters.at("id"));
  if (!id) return absent();
  auto status = find_own(*pool.acquire(), *id, caller);
  if (!status) return absent();

  http::Response now = fresh_reply(request, *status);
  const auto wait = preferred_wait(request);
  const auto is_enough = [request](const jobs::JobStatus& then) {
    return jobs::is_final(then.state) ||
           (request.header("if-none-match") && !is_known(request, job_reply(200, then)));
  };
  if (!wait || is_enough(*status)) return now;

  now.later = [&waiters, request, is_enough, wait = *wait, status = std::move(*status)](
                  const http::Reply& give) {
    const auto tell = [give, request](const jobs::JobStatus& then) {
      give(fresh_reply(request, then));
    };
    JobWaiters::Wait one{.last = status,
                         .until = std::chrono::steady_clock::now() + wait,
                         .stopping = request.stopping,
                         .is_enough = is_enough,
                         .reply = tell};
    if (!waiters.add(one)) tell(status);
  };
  return now;
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
                          jobs::StatusPublisher& statuses) {
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
  jobs::publish_status(*connection, *id, &statuses);
  const auto status = find_own(*connection, *id, caller);
  if (!status) return absent();
  // Asked to stop: 202, also when it has ended by itself since.
  return job_reply(ended == jobs::EndedEarly::kAsked ? 202 : 200, *status);
}

}  // namespace

void mount_job_routes(http::Router& router,
                      const Authenticator& authenticator,
                      pg::Pool& pool,
                      JobWaiters& waiters,
                      jobs::StatusPublisher& statuses) {
  const auto show = [&pool, &waiters](const http::Request& request,
                                      const wire::VerifiedToken& token) {
    return show_job(request, token.caller, pool, waiters);
  };
  const auto cancel = [&pool, &statuses](const http::Request& request,
                                         const wire::VerifiedToken& token) {
    return cancel_job(request, token.caller, pool, statuses);
  };
  router.add("DELETE", "/v1/jobs/{id}", for_callers(authenticator, cancel));
  router.add("GET", "/v1/jobs/{id}", for_callers(authenticator, show));
}

}  // namespace engine::requests
