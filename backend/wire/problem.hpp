#pragma once

#include "base/json.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

/// One thing that is wrong with a request, and where.
struct FieldError {
  std::string pointer;  // RFC 6901 into the body: "/lat"; "" is all of it. "/lat" is also `?lat=`.
  std::string detail;   // What is expected there: "must be a number from -90 to 90".
};

/// Why a request is not carried out, in words for whoever sent it.
///
/// Source: RFC 9457.
struct Problem {
  int status = 500;
  std::string type;    // Stable name that programs compare: "invalid-body".
  std::string title;   // The same for every problem of this type.
  std::string detail;  // What is wrong this time, and what to do.
  std::vector<FieldError> errors = {};
  std::optional<std::chrono::seconds> retry_after = {};  // Goes into the header of that name.
};

/// The body of an `application/problem+json` answer. `retry_after` is not in it.
[[nodiscard]] base::Json to_json(const Problem& problem);

/// "/" and the name with `~` and `/` escaped: one step of an RFC 6901 pointer.
[[nodiscard]] std::string pointer_step(std::string_view name);

/// Every problem the service answers with. Types are part of the contract and never change.
namespace problem {

[[nodiscard]] Problem invalid_body(std::vector<FieldError> errors);
[[nodiscard]] Problem invalid_parameters(std::vector<FieldError> errors);
[[nodiscard]] Problem malformed_json(std::string detail, std::vector<FieldError> errors = {});
[[nodiscard]] Problem unauthorized(std::string detail =
                                       "Send 'Authorization: Bearer <token>' with a valid token. "
                                       "POST /v1/guests gives one.");
[[nodiscard]] Problem forbidden(std::string detail = "Your token does not allow this.");
/// `what` is the kind of thing that is not there: "job".
[[nodiscard]] Problem not_found(std::string_view what);
/// `allowed` lists the methods that would work: "GET, POST".
[[nodiscard]] Problem method_not_allowed(std::string_view allowed = "");
[[nodiscard]] Problem idempotency_key_reused();
[[nodiscard]] Problem length_required();
[[nodiscard]] Problem body_too_large(std::size_t bytes_max);
[[nodiscard]] Problem unsupported_media_type(std::string_view expected = "application/json");
[[nodiscard]] Problem too_many_headers();
[[nodiscard]] Problem too_many_requests(std::chrono::seconds retry_after);
/// Tells nothing about the cause: that is for the log.
[[nodiscard]] Problem internal();
[[nodiscard]] Problem unavailable(std::string detail, std::chrono::seconds retry_after);

}  // namespace problem
}  // namespace wire
