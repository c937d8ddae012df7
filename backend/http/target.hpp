#pragma once

#include "base/result.hpp"
#include "wire/problem.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

/// The path and query of a request, percent-decoded exactly once.
struct Target {
  std::vector<std::string> segments;  // "/v1/jobs" is {"v1", "jobs"}; "/" is {""}.
  std::vector<std::pair<std::string, std::string>> query;
};

/// Reads "/v1/jobs/3k7?wait=5" strictly: what is not plainly meant is refused, never repaired.
///
/// Shape:  a parameter without `=` has an empty value; `+` in the query is a space.
/// Errors: 400 for a bad `%xx`, control characters, what is not UTF-8, `.` and `..` segments, an
///         encoded slash, fragments, anything but an absolute path.
/// Limits: 64 parameters.
/// Source: RFC 3986, section 3; WHATWG URL, "application/x-www-form-urlencoded parsing".
[[nodiscard]] base::Result<Target, wire::Problem> parse_target(std::string_view target);

/// "/v1/jobs/3k7" of {"v1", "jobs", "3k7"}.
[[nodiscard]] std::string joined_path(const std::vector<std::string>& segments);

}  // namespace http
