#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/public_key.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

inline constexpr std::string_view kOwnIssuer = "earshot";
inline constexpr std::string_view kOwnAudience = "earshot";
inline constexpr std::string_view kOwnAlias = "own";
inline constexpr std::chrono::hours kTokenLifeMax{24};

/// Somebody whose tokens are believed, and what must be true of them.
struct Issuer {
  std::string name;                          // `iss`, to the letter.
  std::string alias;                         // Its name inside a Caller: `[a-z0-9]{1,16}`.
  std::string audience;                      // What `aud` must be, or contain.
  std::vector<std::string> types{"at+jwt"};  // What `typ` may be; RFC 9068.
  // Where the roles stand: a claim's name, or a JSON pointer such as /realm_access/roles.
  std::string roles_claim{"roles"};
  std::chrono::seconds token_life_max{kTokenLifeMax};  // How far away `exp` may be.
  std::vector<PublicKey> keys;
};

/// Ourselves: tokens minted by the holders of these keys.
[[nodiscard]] Issuer own_issuer(std::vector<PublicKey> keys);

/// The keys of a JSON Web Key Set that can be used here; others in it are left out, as the RFC asks
/// (a set may carry encryption keys, or algorithms of next year).
///
/// Errors: the text is no such set, no key is left, or two keys have one kid.
/// Limits: 64 keys.
/// Source: RFC 7517, section 5.
[[nodiscard]] base::Result<std::vector<PublicKey>, std::string> parse_jwk_set(
    std::string_view text);

/// All whom we trust, as one JSON text: how the API tells the broker's plugin. Public keys only.
[[nodiscard]] std::string to_trust_text(const std::vector<Issuer>& issuers);
/// Errors: what is wrong with the text.
[[nodiscard]] base::Result<std::vector<Issuer>, std::string> parse_trust_text(
    std::string_view text);

}  // namespace wire
