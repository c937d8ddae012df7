#include "engine/requests/command_routes.hpp"

#include "engine/requests/accepted_reply.hpp"
#include "engine/requests/idempotency_key.hpp"
#include "wire/json_text.hpp"

#include <utility>

namespace engine::requests {
namespace {

base::Result<base::Json, wire::Problem> body_of(const http::Request& request) {
  if (request.method == "DELETE") return base::Json::object();
  return wire::parse_json(request.body);
}

base::Result<jobs::JobSpec, wire::Problem> spec_of(const Command& command,
                                                   const http::Request& request,
                                                   const wire::Caller& caller) {
  const auto body = body_of(request);
  if (!body) return base::fail(body.error());
  const auto key = idempotency_key_of(request);
  if (!key) return base::fail(key.error());
  const auto args = command.parse({.http = request, .caller = caller, .body = *body});
  if (!args) return base::fail(args.error());
  return jobs::JobSpec{.kind = command.kind,
                       .caller = caller.text(),
                       .args = base::to_text(*args),
                       .max_attempts = command.max_attempts,
                       .traceparent = traceparent_of(request),
                       .request_id = request.request_id,
                       .idempotency_key = *key};
}

http::Response reply(const Command& command,
                     const http::Request& request,
                     const wire::Caller& caller,
                     const Acceptance& acceptance) {
  auto spec = spec_of(command, request, caller);
  if (!spec) return http::problem_response(spec.error());
  return store_and_reply(request, std::move(*spec), acceptance);
}

}  // namespace

void mount_command_routes(http::Router& router,
                          const Authenticator& authenticator,
                          const Acceptance& acceptance) {
  for (const Command& command : acceptance.commands.all()) {
    if (command.pattern.empty()) continue;
    const auto accept = [&command, acceptance](const http::Request& request,
                                               const wire::VerifiedToken& token) {
      return reply(command, request, token.caller, acceptance);
    };
    router.add(command.method, command.pattern, for_callers(authenticator, accept));
  }
}

}  // namespace engine::requests
