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

/// What a handler answers. Length, security headers and `Connection: close` are added for it.
struct Response {
  int status = 200;
  std::string content_type;  // Empty where there is no body.
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  [[nodiscard]] bool has_header(std::string_view name) const;
};

using Handler = std::function<Response(const Request&)>;

[[nodiscard]] Response json_response(int status, const base::Json& json);

/// RFC 9457, with `Retry-After` where the problem knows it.
[[nodiscard]] Response problem_response(const wire::Problem& problem);

}  // namespace http
