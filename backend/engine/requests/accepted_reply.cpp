#include "engine/requests/accepted_reply.hpp"

#include "engine/jobs/job_view.hpp"
#include "engine/jobs/status_store.hpp"

#include <algorithm>

namespace engine::requests {
namespace {

// Keys are dropped before the jobs they name; only --keep-jobs below a day can turn that around,
// and then there is nothing to show but what was asked for.
jobs::JobStatus as_it_stands(const jobs::Accepted& accepted, pg::Pool& readers) {
  if (!accepted.is_replay) return accepted.status;
  return jobs::find_job(*readers.acquire(), accepted.status.id).value_or(accepted.status);
}

constexpr auto kReplayed = "Idempotency-Replayed";

}  // namespace

http::Response accepted_reply(const jobs::Accepted& accepted, pg::Pool& readers) {
  const jobs::JobStatus status = as_it_stands(accepted, readers);
  http::Response response = http::json_response(202, jobs::job_view(status));
  response.headers.emplace_back("Location", "/v1/jobs/" + status.id.text());
  if (!jobs::is_final(status.state)) response.headers.emplace_back("Retry-After", "1");
  if (accepted.is_replay) response.headers.emplace_back(kReplayed, "true");
  return response;
}

http::Response accepted_reply(std::span<const jobs::Accepted> accepted, pg::Pool& readers) {
  base::Json views = base::Json::array();
  for (const jobs::Accepted& one : accepted) {
    views.push_back(jobs::job_view(as_it_stands(one, readers)));
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
  const auto header = request.header("traceparent");
  if (!header || header->size() != 55) return std::nullopt;
  return std::string{*header};
}

}  // namespace engine::requests
