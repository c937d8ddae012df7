#include "http/response.hpp"

#include <strings.h>

#include <algorithm>

namespace http {

bool Response::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [name](const auto& header) {
    return header.first.size() == name.size() &&
           ::strncasecmp(header.first.data(), name.data(), name.size()) == 0;
  });
}

Response json_response(int status, const base::Json& json) {
  return {.status = status,
          .content_type = "application/json",
          .body = base::to_text(json),
          .headers = {}};
}

Response problem_response(const wire::Problem& problem) {
  Response response = json_response(problem.status, wire::to_json(problem));
  response.content_type = "application/problem+json";
  // RFC 9110, section 11.6.1: a 401 says how to authenticate.
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.retry_after) {
    response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after->count()));
  }
  return response;
}

}  // namespace http
