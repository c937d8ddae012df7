#pragma once

#include "base/clock.hpp"
#include "engine/requests/authenticator.hpp"
#include "engine/requests/token_keyring.hpp"
#include "http/rate_limiter.hpp"
#include "http/router.hpp"

#include <chrono>

namespace engine::requests {

struct GuestOptions {
  bool are_allowed{true};
  std::chrono::seconds token_life{std::chrono::hours{1}};
  // How long after its token ended a guest may still come back as the same one. A page that slept
  // over a weekend does.
  std::chrono::seconds renewal{kGuestRenewal};
  // Of one address. Each guest is a new name in the database, so they must cost something.
  http::Rate rate{.requests = 120, .period = std::chrono::seconds{60}};
};

/// `POST /v1/guests`: a token for somebody without an account. With a guest token that is valid, or
/// lately was, a new one for the same `sub`.
void mount_guest_routes(http::Router& router,
                        const Authenticator& authenticator,
                        const TokenKeyring& keyring,
                        http::RateLimiter& limiter,
                        const base::Clock& clock,
                        const GuestOptions& options);

}  // namespace engine::requests
