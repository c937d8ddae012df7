#include "engine/requests/accepted_reply.hpp"

#include "engine/jobs/job_view.hpp"
#include "engine/requests/job_reply.hpp"
#include "engine/requests/preferences.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace engine::requests {
namespace {

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

struct Preference {
  std::optional<std::chrono::seconds> wait;
  std::stop_token stopping;
};

void reply_when_ended(const jobs::Accepted& accepted,
                      const Preference& preference,
                      JobWaiters& waiters,
                      const http::Reply& give) {
  const auto wait = *preference.wait;
  JobWaiters::Wait one{
      .last = accepted.status,
      .until = std::chrono::steady_clock::now() + wait,
      .stopping = preference.stopping,
      .is_enough = [](const jobs::JobStatus& now) { return jobs::is_final(now.state); },
      .reply = [give, is_replay = accepted.is_replay, wait](
                   const jobs::JobStatus& now) { give(reply_of(now, is_replay, wait)); }};
  if (!waiters.add(one)) give(reply_of(accepted.status, accepted.is_replay, std::nullopt));
}

void reply(const jobs::Accepted& accepted,
           const Preference& preference,
           JobWaiters& waiters,
           const http::Reply& give) {
  if (preference.wait && !jobs::is_final(accepted.status.state)) {
    return reply_when_ended(accepted, preference, waiters, give);
  }
  give(reply_of(accepted.status, accepted.is_replay, preference.wait));
}

http::Response reply_of(const std::vector<jobs::Accepted>& accepted) {
  base::Json views = base::Json::array();
  for (const jobs::Accepted& one : accepted) views.push_back(jobs::job_view(one.status));
  http::Response response = http::json_response(202, base::Json{{"jobs", std::move(views)}});
  if (std::ranges::all_of(accepted, &jobs::Accepted::is_replay)) {
    response.headers.emplace_back(kReplayed, "true");
  } else {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

http::Response later(std::function<void(http::Reply)> start) {
  http::Response response;
  response.later = std::move(start);
  return response;
}

}  // namespace

http::Response store_and_reply(const http::Request& request,
                               jobs::JobSpec spec,
                               const Acceptance& acceptance) {
  std::vector<jobs::JobSpec> one;
  one.push_back(std::move(spec));
  return later([specs = std::move(one),
                preference = Preference{preferred_wait(request), request.stopping},
                &inserter = acceptance.inserter,
                &waiters = acceptance.waiters](http::Reply give) mutable {
    inserter.insert(
        std::move(specs),
        [preference, &waiters, give = std::move(give)](const jobs::BatchInserter::Reply& stored) {
          if (!stored) return give(http::problem_response(stored.error()));
          reply(stored->front(), preference, waiters, give);
        });
  });
}

http::Response store_and_reply(std::vector<jobs::JobSpec> specs, const Acceptance& acceptance) {
  return later(
      [specs = std::move(specs), &inserter = acceptance.inserter](http::Reply give) mutable {
        inserter.insert(std::move(specs),
                        [give = std::move(give)](const jobs::BatchInserter::Reply& stored) {
                          give(stored ? reply_of(*stored) : http::problem_response(stored.error()));
                        });
      });
}

std::optional<std::string> traceparent_of(const http::Request& request) {
  if (request.traceparent.empty()) return std::nullopt;
  return request.traceparent;
}

}  // namespace engine::requests
