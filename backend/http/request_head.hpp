#pragma once

#include "base/result.hpp"
#include "http/request.hpp"
#include "wire/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace http {

/// What stands before a body: request line and headers, as they were sent.
struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  bool is_http_1_0 = false;
};

/// The methods that any resource may have; every other one is answered 405 with this list.
inline constexpr std::string_view kKnownMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

struct HeadLimits {
  std::size_t head_bytes_max = 32 * 1024;
  std::size_t target_bytes_max = 8000;
  std::size_t line_bytes_max = 8000;
  std::size_t headers_max = 64;
};

/// Reads the bytes of a head, with its last empty line, so strictly that nobody behind can
/// understand it differently.
///
/// Errors: 400, 405 (a method no resource has), 414, 415 (compressed body), 431.
/// Source: RFC 9112, sections 3, 5, 6 and 11.2 (request smuggling).
[[nodiscard]] base::Result<RequestHead, wire::Problem> parse_request_head(
    std::string_view bytes, const HeadLimits& limits = {});

/// Bytes of body that these checked headers declare; more than a number can say is the largest one.
[[nodiscard]] std::optional<std::uint64_t> declared_length(const Headers& headers);

/// Whether the `Connection` header has this word among others; `option` in lower case.
[[nodiscard]] bool has_connection_option(const Headers& headers, std::string_view option);

}  // namespace http
