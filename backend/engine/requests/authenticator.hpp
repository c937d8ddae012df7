#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "http/response.hpp"
#include "wire/problem.hpp"
#include "wire/token_gate.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace engine::requests {

/// Tells who sent a request: the bearer of a valid token.
///
/// Threads: any.
class Authenticator {
 public:
  using WantKey = std::function<void()>;

  /// `want_key` is called when a token names a key that is not known: its issuer may have a new
  /// one.
  Authenticator(wire::TokenGate& gate, WantKey want_key, const base::Log& log)
      : gate_{gate}, want_key_{std::move(want_key)}, log_{log} {}

  /// Errors: 401; what exactly is wrong with a token is for the log, not for its sender.
  [[nodiscard]] base::Result<wire::VerifiedToken, wire::Problem> authenticate(
      const http::Request& request) const {
    return authenticate(request, std::chrono::seconds{0});
  }

  /// Believes also a token that expired less than `grace` ago, and has nothing else wrong with it.
  [[nodiscard]] base::Result<wire::VerifiedToken, wire::Problem> authenticate(
      const http::Request& request, std::chrono::seconds grace) const;

 private:
  wire::TokenGate& gate_;
  WantKey want_key_;
  const base::Log& log_;
};

/// What a route does for the bearer of a valid token.
using CallerHandler =
    std::function<http::Response(const http::Request&, const wire::VerifiedToken&)>;

/// The route's handler: everybody else gets 401. `authenticator` outlives it.
[[nodiscard]] http::Handler for_callers(const Authenticator& authenticator, CallerHandler handler);

/// What follows "Bearer " in the Authorization header; the scheme's case does not matter.
/// Source: RFC 6750, section 2.1; RFC 9110, section 11.1.
[[nodiscard]] std::optional<std::string_view> bearer_token(const http::Request& request);

}  // namespace engine::requests
