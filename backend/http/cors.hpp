#pragma once

#include "http/response.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace http {

/// Which pages of other origins may call: compared whole, "https://app.example.org". Never `*`.
struct CorsOptions {
  std::vector<std::string> origins;
};

/// True for the question a browser asks before it sends a request to another origin.
[[nodiscard]] bool is_preflight(const std::string& method, const Headers& headers);

/// Lets the page that asked read the answer, if its origin is one of the options'.
///
/// `allowed_methods` is for a preflight, else empty.
/// Source: Fetch standard, "CORS protocol".
void add_cors_headers(Response& response,
                      const Headers& request_headers,
                      const CorsOptions& options,
                      std::string_view allowed_methods);

}  // namespace http
