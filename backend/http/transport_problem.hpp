#pragma once

#include "wire/problem.hpp"

#include <string>

/// Problems of HTTP itself, which only this floor can meet.
namespace http::transport_problem {

[[nodiscard]] wire::Problem malformed_request(std::string detail);
[[nodiscard]] wire::Problem uri_too_long();
[[nodiscard]] wire::Problem request_timeout();

}  // namespace http::transport_problem
