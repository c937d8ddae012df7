#include "engine/requests/job_reply.hpp"

#include "engine/jobs/job_view.hpp"
#include "wire/base64url.hpp"
#include "wire/digest.hpp"

#include <algorithm>

namespace engine::requests {
namespace {

constexpr std::string_view kETag = "ETag";

std::string etag_of(const http::Response& reply) {
  const auto found = std::ranges::find(
      reply.headers, kETag, [](const auto& header) { return std::string_view{header.first}; });
  return found == reply.headers.end() ? std::string{} : found->second;
}

}  // namespace

http::Response job_reply(int status, const jobs::JobStatus& job) {
  http::Response reply = http::json_response(status, jobs::job_view(job));
  reply.headers.emplace_back(kETag, '"' + wire::to_base64url(wire::sha256(reply.body)) + '"');
  // Kept, but asked for each time: what it shows changes at any moment.
  reply.headers.emplace_back("Cache-Control", "private, no-cache");
  if (!jobs::is_final(job.state)) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

bool is_known(const http::Request& request, const http::Response& reply) {
  const auto header = request.header("if-none-match");
  if (!header) return false;
  // Weak comparison: W/ before a tag makes no difference. Tags are base64url, so one that stands
  // within its quotes in the list is in the list.
  return *header == "*" || header->find(etag_of(reply)) != std::string_view::npos;
}

http::Response not_modified(const http::Response& reply) {
  http::Response known{.status = 304, .content_type = {}, .body = {}, .headers = {}};
  for (const auto& [name, value] : reply.headers) {
    if (name == kETag || name == "Cache-Control") known.headers.emplace_back(name, value);
  }
  return known;
}

}  // namespace engine::requests
