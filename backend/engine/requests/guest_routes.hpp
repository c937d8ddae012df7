#pragma once

#include "base/clock.hpp"
#include "engine/requests/authenticator.hpp"
#include "http/router.hpp"
#include "wire/token.hpp"

#include <chrono>

namespace engine::requests {

struct GuestOptions {
  bool are_allowed{true};
  std::chrono::seconds token_life{std::chrono::hours{1}};
};

/// `POST /v1/guests`: a token for somebody without an account. With a valid guest token, a new one
/// for the same `sub`.
void mount_guest_routes(http::Router& router,
                        const Authenticator& authenticator,
                        const wire::TokenMinter& minter,
                        const base::Clock& clock,
                        const GuestOptions& options);

}  // namespace engine::requests
