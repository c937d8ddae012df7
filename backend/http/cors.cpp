#include "http/cors.hpp"

#include <algorithm>

namespace http {
namespace {

// What the contract lets a client send, and what it must be able to read.
constexpr const char* kRequestHeaders =
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, Traceparent, "
    "X-Request-Id";
constexpr const char* kResponseHeaders =
    "ETag, Idempotency-Replayed, Location, Preference-Applied, RateLimit, RateLimit-Policy, "
    "Retry-After, X-Request-Id";
constexpr const char* kPreflightAge = "600";  // Seconds a browser may remember the answer.

}  // namespace

bool is_preflight(const std::string& method, const Headers& headers) {
  return method == "OPTIONS" && headers.contains("origin") &&
         headers.contains("access-control-request-method");
}

void add_cors_headers(Response& response,
                      const Headers& request_headers,
                      const CorsOptions& options,
                      std::string_view allowed_methods) {
  if (options.origins.empty()) return;
  // Also where the origin is foreign or absent: a cache must not hand that answer to another.
  response.headers.emplace_back("Vary", "Origin");

  const auto origin = request_headers.find("origin");
  if (origin == request_headers.end()) return;
  const auto known = std::find(options.origins.begin(), options.origins.end(), origin->second);
  if (known == options.origins.end()) return;

  response.headers.emplace_back("Access-Control-Allow-Origin", *known);
  if (allowed_methods.empty()) {
    response.headers.emplace_back("Access-Control-Expose-Headers", kResponseHeaders);
    return;
  }
  response.headers.emplace_back("Access-Control-Allow-Methods", allowed_methods);
  response.headers.emplace_back("Access-Control-Allow-Headers", kRequestHeaders);
  response.headers.emplace_back("Access-Control-Max-Age", kPreflightAge);
}

}  // namespace http
