#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/caller.hpp"
#include "wire/issuer.hpp"
#include "wire/signing_key.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Tokens: who the bearer is, signed (JWT, RFC 7519; access tokens, RFC 9068; hardened as RFC
/// 8725).
namespace wire {

inline constexpr std::chrono::seconds kTokenClockLeeway{60};  // For clocks of other machines.

/// Whether `sub` can be the subject of a token of ours: `[A-Za-z0-9_-]{1,64}`.
[[nodiscard]] bool is_own_sub(std::string_view sub);

/// What a bearer may do beyond what everybody with a token may.
struct Roles {
  bool is_operator{false};  // "operator": runs the system.
  bool is_worker{false};    // "worker": claims jobs over HTTP.

  [[nodiscard]] friend bool operator==(const Roles&, const Roles&) = default;
};

/// What a new token says.
struct Claims {
  std::string sub;
  std::chrono::system_clock::time_point issued_at;
  std::chrono::system_clock::time_point expires_at;  // At most kTokenLifeMax from now on.
  Roles roles{};
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
  Roles roles{};
};

/// Why a token is refused. For the log only: a forger must not learn which check caught them.
struct TokenFault {
  std::string reason;
  // Set when nothing is wrong with the token but that its time is over.
  std::optional<VerifiedToken> expired{};
  // Set when it names a key that is not known: its issuer may have a new one.
  bool is_key_unknown{false};
};

/// Tells genuine, current tokens for us from everything else.
///
/// The key that the token names decides the algorithm. Claims are not even parsed before the
/// signature is found genuine, and the issuer that they name must be the one whose key it was.
///
/// Threads: any; it never changes.
/// Errors:  the constructor throws base::Error when there is no key at all.
/// Limits:  4 KiB; JSON 8 levels deep; expiry at most the issuer's `token_life_max` away.
/// Source:  RFC 8725, section 3.
class TokenVerifier {
 public:
  TokenVerifier(std::vector<Issuer> issuers, const base::Clock& clock);

  [[nodiscard]] base::Result<VerifiedToken, TokenFault> verify(std::string_view token) const;

 private:
  struct Trusted {
    const PublicKey* key;
    const Issuer* issuer;
  };
  [[nodiscard]] base::Result<Trusted, TokenFault> signer_of(std::string_view header,
                                                            std::string_view message,
                                                            std::string_view signature) const;
  [[nodiscard]] base::Result<VerifiedToken, TokenFault> judge(const base::Json& claims,
                                                              const Issuer& issuer) const;
  [[nodiscard]] std::optional<TokenFault> judge_times(const base::Json& claims,
                                                      const Issuer& issuer) const;

  std::vector<Issuer> issuers_;
  std::multimap<std::string, Trusted, std::less<>> keys_;  // By kid; two issuers may share one.
  const base::Clock& clock_;
};

}  // namespace wire
