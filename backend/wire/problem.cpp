#include "wire/problem.hpp"

#include <fmt/format.h>

#include <utility>

namespace wire {

base::Json to_json(const Problem& problem) {
  base::Json json{
      {"type", "urn:earshot:problem:" + problem.type},
      {"title", problem.title},
      {"status", problem.status},
      {"detail", problem.detail},
  };
  if (problem.errors.empty()) return json;
  base::Json& errors = json["errors"] = base::Json::array();
  for (const FieldError& error : problem.errors) {
    errors.push_back({{"pointer", error.pointer}, {"detail", error.detail}});
  }
  return json;
}

std::string pointer_step(std::string_view name) {
  std::string step = "/";
  for (const char letter : name) {
    if (letter == '~') {
      step += "~0";
    } else if (letter == '/') {
      step += "~1";
    } else {
      step += letter;
    }
  }
  return step;
}

namespace problem {

Problem invalid_body(std::vector<FieldError> errors) {
  return {.status = 400,
          .type = "invalid-body",
          .title = "The body is not as expected",
          .detail = "Correct what 'errors' lists and send it again.",
          .errors = std::move(errors)};
}

Problem invalid_parameters(std::vector<FieldError> errors) {
  return {.status = 400,
          .type = "invalid-parameters",
          .title = "The query parameters are not as expected",
          .detail = "Correct what 'errors' lists and send it again.",
          .errors = std::move(errors)};
}

Problem malformed_json(std::string detail, std::vector<FieldError> errors) {
  return {.status = 400,
          .type = "malformed-json",
          .title = "The body is not JSON that can be accepted",
          .detail = std::move(detail),
          .errors = std::move(errors)};
}

Problem unauthorized(std::string detail) {
  return {.status = 401,
          .type = "unauthorized",
          .title = "A valid token is needed",
          .detail = std::move(detail)};
}

Problem forbidden(std::string detail) {
  return {.status = 403,
          .type = "forbidden",
          .title = "This is not allowed",
          .detail = std::move(detail)};
}

Problem not_found(std::string_view what) {
  return {.status = 404,
          .type = "not-found",
          .title = "Nothing is there",
          .detail = fmt::format("There is no such {}.", what)};
}

Problem method_not_allowed(std::string_view allowed) {
  return {.status = 405,
          .type = "method-not-allowed",
          .title = "This method does not exist here",
          .detail = allowed.empty() ? std::string{"Use a method that the documentation lists."}
                                    : fmt::format("Use one of: {}.", allowed)};
}

Problem length_required() {
  return {.status = 411,
          .type = "length-required",
          .title = "The length of the body is needed",
          .detail = "Send the body with a Content-Length header."};
}

Problem body_too_large(std::size_t bytes_max) {
  return {.status = 413,
          .type = "body-too-large",
          .title = "The body is too large",
          .detail = fmt::format("Send at most {} bytes.", bytes_max)};
}

Problem unsupported_media_type(std::string_view expected) {
  return {.status = 415,
          .type = "unsupported-media-type",
          .title = "The body is of a type that is not accepted",
          .detail = fmt::format("Send it as 'Content-Type: {}', not compressed.", expected)};
}

Problem too_many_headers() {
  return {.status = 431,
          .type = "too-many-headers",
          .title = "The headers are too many or too large",
          .detail = "Send fewer or shorter headers."};
}

Problem idempotency_key_reused() {
  return {.status = 422,
          .type = "idempotency-key-reused",
          .title = "This Idempotency-Key was used for something else",
          .detail =
              "Nothing was stored. Use a new key for a new request; repeat a request with "
              "exactly what it said the first time."};
}

Problem too_many_requests(std::chrono::seconds retry_after) {
  return {.status = 429,
          .type = "too-many-requests",
          .title = "Too many requests",
          .detail = fmt::format("Try again in {} s.", retry_after.count()),
          .retry_after = retry_after};
}

Problem internal() {
  return {.status = 500,
          .type = "internal",
          .title = "Something went wrong here",
          .detail = "It is not your fault. Try again later."};
}

Problem unavailable(std::string detail, std::chrono::seconds retry_after) {
  return {.status = 503,
          .type = "unavailable",
          .title = "The service cannot do this now",
          .detail = std::move(detail),
          .retry_after = retry_after};
}

}  // namespace problem
}  // namespace wire
