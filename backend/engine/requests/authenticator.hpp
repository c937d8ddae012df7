#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "http/request.hpp"
#include "wire/problem.hpp"
#include "wire/token.hpp"

namespace engine::requests {

/// Tells who sent a request: the bearer of a valid token.
///
/// Threads: any.
class Authenticator {
 public:
  Authenticator(const wire::TokenVerifier& verifier, const base::Log& log)
      : verifier_{verifier}, log_{log} {}

  /// Errors: 401; what exactly is wrong with a token is for the log, not for its sender.
  [[nodiscard]] base::Result<wire::VerifiedToken, wire::Problem> authenticate(
      const http::Request& request) const;

 private:
  const wire::TokenVerifier& verifier_;
  const base::Log& log_;
};

/// What follows "Bearer " in the Authorization header; the scheme's case does not matter.
/// Source: RFC 6750, section 2.1; RFC 9110, section 11.1.
[[nodiscard]] std::optional<std::string_view> bearer_token(const http::Request& request);

}  // namespace engine::requests
