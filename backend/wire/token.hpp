#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/caller.hpp"
#include "wire/public_key.hpp"
#include "wire/signing_key.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Tokens: who the bearer is, signed (JWT, RFC 7519; access tokens, RFC 9068; hardened as RFC
/// 8725).
namespace wire {

inline constexpr std::string_view kOwnIssuer = "earshot";
inline constexpr std::string_view kOwnAudience = "earshot";
inline constexpr std::string_view kOwnAlias = "own";  // The issuer's name inside a Caller.
inline constexpr std::chrono::hours kTokenLifeMax{24};
inline constexpr std::chrono::seconds kTokenClockLeeway{60};  // For clocks of other machines.

/// Whether `sub` can be the subject of a token of ours: `[A-Za-z0-9_-]{1,64}`.
[[nodiscard]] bool is_own_sub(std::string_view sub);

/// What a new token says.
struct Claims {
  std::string sub;
  std::chrono::system_clock::time_point issued_at;
  std::chrono::system_clock::time_point expires_at;  // At most kTokenLifeMax from now on.
};

/// Signs tokens. Each gets an id of its own, by which it can be revoked.
///
/// Threads: any.
class TokenMinter {
 public:
  TokenMinter(SigningKey key, std::string issuer, std::string audience);

  [[nodiscard]] std::string mint(const Claims& claims) const;

 private:
  SigningKey key_;
  std::string issuer_;
  std::string audience_;
};

/// What a genuine, current token said.
struct VerifiedToken {
  Caller caller;
  std::string sub;
  std::string jti;  // Empty when the token has none.
  std::chrono::system_clock::time_point expires_at;
};

/// Why a token is refused. For the log only: a forger must not learn which check caught them.
struct TokenFault {
  std::string reason;
};

/// Tells genuine, current tokens for us from everything else.
///
/// The key that the token names decides the algorithm. Claims are not even parsed before the
/// signature is found genuine.
///
/// Threads: any.
/// Errors:  the constructor throws base::Error when there is no key.
/// Limits:  4 KiB; JSON 8 levels deep; expiry at most kTokenLifeMax away.
/// Source:  RFC 8725, section 3.
class TokenVerifier {
 public:
  TokenVerifier(const std::vector<PublicKey>& keys,
                std::string issuer,
                std::string audience,
                const base::Clock& clock);

  [[nodiscard]] base::Result<VerifiedToken, TokenFault> verify(std::string_view token) const;

 private:
  [[nodiscard]] base::Result<const PublicKey*, TokenFault> key_for(std::string_view header) const;
  [[nodiscard]] base::Result<VerifiedToken, TokenFault> judge(const base::Json& claims) const;
  [[nodiscard]] bool is_for_us(const base::Json& claims) const;

  std::map<std::string, PublicKey, std::less<>> keys_;  // By kid.
  std::string issuer_;
  std::string audience_;
  const base::Clock& clock_;
};

}  // namespace wire
