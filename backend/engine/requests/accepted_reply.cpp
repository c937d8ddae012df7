#include "engine/requests/accepted_reply.hpp"

#include "engine/jobs/job_view.hpp"
#include "engine/jobs/status_store.hpp"
#include "engine/requests/job_reply.hpp"
#include "engine/requests/preferences.hpp"

#include <algorithm>

namespace engine::requests {
namespace {

// Keys are dropped before the jobs they name; only --keep-jobs below a day can turn that around,
// and then there is nothing to show but what was asked for.
jobs::JobStatus as_it_stands(const jobs::Accepted& accepted, pg::Pool& pool) {
  if (!accepted.is_replay) return accepted.status;
  return jobs::find_job(*pool.acquire(), accepted.status.id).value_or(accepted.status);
}

constexpr auto kReplayed = "Idempotency-Replayed";
constexpr auto kPreferenceApplied = "Preference-Applied";

// `waited`: how long, where that was preferred.
http::Response reply_of(const jobs::JobStatus& status,
                        bool is_replay,
                        std::optional<std::chrono::seconds> waited) {
  const bool is_done = waited && jobs::is_final(status.state);
  http::Response reply = job_reply(is_done ? 200 : 202, status);
  reply.headers.emplace_back("Location", "/v1/jobs/" + status.id.text());
  if (is_replay) reply.headers.emplace_back(kReplayed, "true");
  if (waited) {
    reply.headers.emplace_back(kPreferenceApplied, "wait=" + std::to_string(waited->count()));
  }
  return reply;
}

}  // namespace

http::Response accepted_reply(const http::Request& request,
                              const jobs::Accepted& accepted,
                              pg::Pool& pool,
                              JobWaiters& waiters) {
  jobs::JobStatus status = as_it_stands(accepted, pool);
  const auto wait = preferred_wait(request);
  if (!wait) return reply_of(status, accepted.is_replay, std::nullopt);
  if (jobs::is_final(status.state)) return reply_of(status, accepted.is_replay, wait);

  http::Response reply = reply_of(status, accepted.is_replay, std::nullopt);
  reply.later = [&waiters,
                 wait = *wait,
                 status = std::move(status),
                 is_replay = accepted.is_replay,
                 stopping = request.stopping](const http::Reply& give) {
    JobWaiters::Wait one{
        .last = status,
        .until = std::chrono::steady_clock::now() + wait,
        .stopping = stopping,
        .is_enough = [](const jobs::JobStatus& now) { return jobs::is_final(now.state); },
        .reply = [give, is_replay, wait](
                     const jobs::JobStatus& now) { give(reply_of(now, is_replay, wait)); }};
    if (!waiters.add(one)) give(reply_of(status, is_replay, std::nullopt));
  };
  return reply;
}

http::Response accepted_reply(std::span<const jobs::Accepted> accepted, pg::Pool& pool) {
  base::Json views = base::Json::array();
  for (const jobs::Accepted& one : accepted) {
    views.push_back(jobs::job_view(as_it_stands(one, pool)));
  }
  http::Response response = http::json_response(202, base::Json{{"jobs", std::move(views)}});
  if (std::ranges::all_of(accepted, &jobs::Accepted::is_replay)) {
    response.headers.emplace_back(kReplayed, "true");
  } else {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

std::optional<std::string> traceparent_of(const http::Request& request) {
  if (request.traceparent.empty()) return std::nullopt;
  return request.traceparent;
}

}  // namespace engine::requests
