#include "engine/requests/guest_routes.hpp"

#include "base/random.hpp"
#include "base/time_text.hpp"

#include <string>

namespace engine::requests {
namespace {

constexpr std::string_view kGuestPrefix = "guest-";
constexpr std::size_t kGuestLetters =
    16;  // 80 random bits: a guest cannot be guessed or met twice.

bool is_guest(const wire::VerifiedToken& token) {
  return token.caller.alias() == wire::kOwnAlias && token.sub.starts_with(kGuestPrefix);
}

/// The sub of a guest who comes back, or a new one.
base::Result<std::string, wire::Problem> guest_sub(const http::Request& request,
                                                   const Authenticator& authenticator,
                                                   std::chrono::seconds renewal) {
  if (!request.header("authorization")) {
    return std::string{kGuestPrefix} + base::random_text(kGuestLetters);
  }
  const auto token = authenticator.authenticate(request, renewal);
  if (!token) {
    return base::fail(wire::problem::unauthorized(
        "This token cannot be renewed. Send no Authorization header to become a new guest."));
  }
  if (!is_guest(*token)) {
    return base::fail(wire::problem::forbidden("Only a guest's token is renewed here."));
  }
  return token->sub;
}

}  // namespace

void mount_guest_routes(http::Router& router,
                        const Authenticator& authenticator,
                        const TokenKeyring& keyring,
                        http::RateLimiter& limiter,
                        const base::Clock& clock,
                        const GuestOptions& options) {
  const auto refuse = [](const http::Request&) {
    return http::problem_response(
        wire::problem::forbidden("Guests are not allowed here: sign in."));
  };
  const auto welcome = [&authenticator, &keyring, &clock, options](const http::Request& request) {
    const auto sub = guest_sub(request, authenticator, options.renewal);
    if (!sub) return http::problem_response(sub.error());
    const auto now = clock.wall();
    const auto end = now + options.token_life;
    const std::string token = keyring.mint({.sub = *sub, .issued_at = now, .expires_at = end});
    return http::json_response(
        201, {{"token", token}, {"sub", *sub}, {"expires_at", base::utc_text(end)}});
  };
  router.add("POST",
             "/v1/guests",
             options.are_allowed ? limiter.limited(welcome) : http::Handler{refuse},
             {.is_body_optional = true});
}

}  // namespace engine::requests
