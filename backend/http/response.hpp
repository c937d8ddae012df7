#pragma once

#include "base/json.hpp"
#include "http/request.hpp"
#include "wire/problem.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

struct Response;

/// Gives a request its answer, once; any thread may call it.
using Reply = std::function<void(Response)>;

/// What a handler answers. Length, security headers and `Connection: close` are added for it.
struct Response {
  int status = 200;
  std::string content_type;  // Empty where there is no body.
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Where the answer is not known yet: the rest of this is left aside, and whoever is called here
  // replies later, from any thread. No thread of the server waits meanwhile. When the request's
  // `stopping` is requested, it replies soon: until then the server does not end.
  std::function<void(Reply)> later{};

  [[nodiscard]] bool has_header(std::string_view name) const;
};

using Handler = std::function<Response(const Request&)>;

[[nodiscard]] Response json_response(int status, const base::Json& json);

/// RFC 9457, with `Retry-After` where the problem knows it.
[[nodiscard]] Response problem_response(const wire::Problem& problem);

}  // namespace http
