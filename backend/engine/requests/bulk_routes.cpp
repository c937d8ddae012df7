#include "engine/requests/bulk_routes.hpp"

#include "engine/requests/accepted_reply.hpp"
#include "engine/requests/asked_job.hpp"
#include "engine/requests/idempotency_key.hpp"
#include "wire/json_text.hpp"

#include <fmt/format.h>

#include <utility>

namespace engine::requests {
namespace {

constexpr std::size_t kBodyBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kJobsMax = 1'000;
constexpr std::size_t kErrorsMax = 20;

wire::Problem invalid(std::string detail) {
  return wire::problem::invalid_body({{.pointer = "", .detail = std::move(detail)}});
}

using Specs = base::Result<std::vector<jobs::JobSpec>, wire::Problem>;

Specs specs_of(const AskedJobs& asked, const base::Json& items) {
  if (items.empty() || items.size() > kJobsMax) {
    return base::fail(invalid(fmt::format("must hold 1 to {} jobs", kJobsMax)));
  }
  std::vector<jobs::JobSpec> specs;
  std::vector<wire::FieldError> errors;
  for (std::size_t place = 0; place < items.size() && errors.size() < kErrorsMax; ++place) {
    auto spec = asked.spec_of(items[place]);
    if (spec) {
      specs.push_back(std::move(*spec));
      continue;
    }
    // What a command refuses for another reason than its fields is said as it is.
    if (spec.error().errors.empty()) return base::fail(spec.error());
    for (const wire::FieldError& error : spec.error().errors) {
      errors.push_back(
          {.pointer = fmt::format("/{}{}", place, error.pointer), .detail = error.detail});
    }
  }
  if (errors.empty()) return specs;
  if (errors.size() > kErrorsMax) errors.resize(kErrorsMax);
  return base::fail(wire::problem::invalid_body(std::move(errors)));
}

http::Response store_one(const AskedJobs& asked,
                         const base::Json& item,
                         const std::optional<std::string>& key,
                         const http::Request& request,
                         const Acceptance& acceptance) {
  auto spec = asked.spec_of(item);
  if (!spec) return http::problem_response(spec.error());
  if (key && spec->idempotency_key) {
    return http::problem_response(
        invalid("has an idempotency_key, and the request an Idempotency-Key: send one of them"));
  }
  if (key) spec->idempotency_key = key;
  return store_and_reply(request, std::move(*spec), acceptance);
}

http::Response store_all(const AskedJobs& asked,
                         const base::Json& items,
                         const Acceptance& acceptance) {
  auto specs = specs_of(asked, items);
  if (!specs) return http::problem_response(specs.error());
  return store_and_reply(std::move(*specs), acceptance);
}

http::Response store(const http::Request& request,
                     const wire::VerifiedToken& token,
                     const Acceptance& acceptance) {
  if (!token.roles.is_operator && !token.roles.is_worker) {
    return http::problem_response(
        wire::problem::forbidden("Only tokens with the role operator or worker may do this."));
  }
  const auto body = wire::parse_json(request.body);
  if (!body) return http::problem_response(body.error());
  const auto key = idempotency_key_of(request);
  if (!key) return http::problem_response(key.error());

  const AskedJobs asked{acceptance.commands, request, token.caller, acceptance.clock.wall()};
  if (!body->is_array()) return store_one(asked, *body, *key, request, acceptance);
  if (*key) {
    return http::problem_response(
        invalid("is an array: instead of the Idempotency-Key each job has its idempotency_key"));
  }
  return store_all(asked, *body, acceptance);
}

}  // namespace

void mount_bulk_routes(http::Router& router,
                       const Authenticator& authenticator,
                       const Acceptance& acceptance) {
  const auto accept = [acceptance](const http::Request& request, const wire::VerifiedToken& token) {
    return store(request, token, acceptance);
  };
  router.add(
      "POST", "/v1/jobs", for_callers(authenticator, accept), {.body_bytes_max = kBodyBytesMax});
}

}  // namespace engine::requests
