#include "engine/requests/work_routes.hpp"

#include "base/time_text.hpp"
#include "engine/requests/work_bodies.hpp"

#include <functional>
#include <utility>

namespace engine::requests {
namespace {

using jobs::OutsideRuns;

// A result of 1 MiB and its events.
constexpr std::size_t kCompleteBytesMax = 4 * 1024 * 1024;
// All that a run may show before its end, and how far it is.
constexpr std::size_t kProgressBytesMax = jobs::Run::kPartialBytesMax + std::size_t{64} * 1024;

base::Json json_of(const OutsideRuns::Claimed& claimed) {
  return {{"id", claimed.job.id.text()},
          {"kind", claimed.job.kind},
          {"caller", claimed.job.caller},
          {"args", claimed.job.args},
          {"attempt", claimed.job.attempt},
          {"max_attempts", claimed.job.max_attempts},
          {"created_at", base::utc_text(claimed.job.accepted_at)},
          {"lease", jobs::text_of(claimed.lease)},
          {"lease_s", claimed.renewed_for.count()},
          {"leased_until", base::utc_text(claimed.leased_until)},
          {"ends_at", base::utc_text(claimed.lease.ends_at)}};
}

http::Response claim_reply(const std::vector<OutsideRuns::Claimed>& claimed) {
  base::Json jobs = base::Json::array();
  for (const OutsideRuns::Claimed& one : claimed) jobs.push_back(json_of(one));
  return http::json_response(200, {{"jobs", std::move(jobs)}});
}

http::Response claim(const http::Request& request, const OutsideRuns& runs, WorkWaiters& waiters) {
  const auto asked = read_claim(request.body, runs);
  if (!asked) return http::problem_response(asked.error());
  const auto claimed = runs.claim(asked->kinds, asked->limit);
  http::Response now = claim_reply(claimed);
  if (!claimed.empty() || asked->wait.count() == 0) return now;

  now.later = [&waiters, asked = *asked, stopping = request.stopping](const http::Reply& give) {
    const auto tell = [give](const WorkWaiters::Claimed& work) { give(claim_reply(work)); };
    WorkWaiters::Wait one{.kinds = asked.kinds,
                          .limit = asked.limit,
                          .until = std::chrono::steady_clock::now() + asked.wait,
                          .stopping = stopping,
                          .reply = tell};
    if (!waiters.add(one)) tell({});
  };
  return now;
}

http::Response standing_reply(const WorkCall& call,
                              const base::Result<OutsideRuns::Standing, wire::Problem>& standing) {
  if (!standing) return http::problem_response(standing.error());
  return http::json_response(200,
                             {{"id", call.lease.job.text()},
                              {"leased_until", base::utc_text(standing->leased_until)},
                              {"cancel_requested", standing->is_asked_to_stop}});
}

http::Response ended_reply(const WorkCall& call,
                           const OutsideRuns& runs,
                           const std::optional<wire::Problem>& problem) {
  if (problem) return http::problem_response(*problem);
  const auto status = runs.status(call.lease);
  if (!status) return http::problem_response(wire::problem::not_found("job"));
  return http::json_response(
      200, {{"id", call.lease.job.text()}, {"state", jobs::text_of(status->state)}});
}

http::Response progress(const WorkCall& call, const OutsideRuns& runs) {
  const auto progress = read_progress(call.rest);
  if (!progress) return http::problem_response(progress.error());
  return standing_reply(call, runs.report(call.lease, *progress));
}

http::Response extend(const WorkCall& call, const OutsideRuns& runs) {
  if (const auto problem = refuse_rest(call.rest)) return http::problem_response(*problem);
  return standing_reply(call, runs.extend(call.lease));
}

http::Response complete(const WorkCall& call, const OutsideRuns& runs) {
  const auto kind = runs.kind_of(call.lease);
  if (!kind) return http::problem_response(kind.error());
  const auto completed = read_completed(call.rest, **kind, call.lease.job);
  if (!completed) return http::problem_response(completed.error());
  return ended_reply(call, runs, runs.complete(call.lease, *completed));
}

http::Response fail(const WorkCall& call, const OutsideRuns& runs) {
  const auto failed = read_failed(call.rest);
  if (!failed) return http::problem_response(failed.error());
  return ended_reply(call, runs, runs.fail(call.lease, *failed));
}

http::Response give_back(const WorkCall& call, const OutsideRuns& runs) {
  if (const auto problem = refuse_rest(call.rest)) return http::problem_response(*problem);
  return ended_reply(call, runs, runs.give_back(call.lease));
}

http::Handler for_workers(const Authenticator& authenticator, http::Handler handler) {
  return for_callers(authenticator,
                     [handler = std::move(handler)](const http::Request& request,
                                                    const wire::VerifiedToken& token) {
                       if (token.roles.is_worker) return handler(request);
                       return http::problem_response(wire::problem::forbidden(
                           "Only tokens with the role worker may do this."));
                     });
}

}  // namespace

void mount_work_routes(http::Router& router,
                       const Authenticator& authenticator,
                       const jobs::OutsideRuns& runs,
                       WorkWaiters& waiters) {
  using Step = http::Response (*)(const WorkCall&, const OutsideRuns&);
  const auto add = [&](const char* verb, Step step, http::RouteOptions options) {
    const auto handle = [&runs, step](const http::Request& request) {
      const auto call = read_call(request);
      return call ? step(*call, runs) : http::problem_response(call.error());
    };
    router.add(
        "POST", std::string{"/v1/work/{id}/"} + verb, for_workers(authenticator, handle), options);
  };
  const auto lease_jobs = [&runs, &waiters](const http::Request& request) {
    return claim(request, runs, waiters);
  };
  router.add("POST", "/v1/work/claim", for_workers(authenticator, lease_jobs));
  add("progress", progress, {.body_bytes_max = kProgressBytesMax});
  add("extend", extend, {});
  add("complete", complete, {.body_bytes_max = kCompleteBytesMax});
  add("fail", fail, {});
  add("give_back", give_back, {});
}

}  // namespace engine::requests
