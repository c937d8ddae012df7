#pragma once

#include "base/guarded.hpp"
#include "wire/token.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace wire {

/// Whom to refuse although their tokens are genuine.
struct DenyList {
  std::unordered_set<std::string> callers;  // Caller::text
  std::unordered_set<std::string> tokens;   // "<alias>/<jti>"

  [[nodiscard]] bool denies(const VerifiedToken& token) const;
};

/// One JSON text: how the API tells the broker's plugin.
[[nodiscard]] std::string to_text(const DenyList& denied);
/// Errors: what is wrong with the text.
[[nodiscard]] base::Result<DenyList, std::string> parse_deny_list(std::string_view text);

/// The door: which tokens open it, now. It knows whom to trust and whom to deny, both of which
/// change while it stands, and remembers what it has verified.
///
/// Speed:   verifying costs about 110 µs (Ed25519), remembering less than 1 µs.
/// Limits:  remembers the 8,192 to 16,384 tokens seen last; in memory only.
/// Threads: any.
class TokenGate {
 public:
  /// Errors: base::Error when `issuers` have no key at all.
  TokenGate(std::vector<Issuer> issuers, const base::Clock& clock);

  [[nodiscard]] base::Result<VerifiedToken, TokenFault> verify(std::string_view token);

  /// Believes also a token that expired less than `grace` ago, and has nothing else wrong with it.
  [[nodiscard]] base::Result<VerifiedToken, TokenFault> verify(std::string_view token,
                                                               std::chrono::seconds grace);

  /// From now on these, and only these, are believed. Errors: base::Error, and nothing changes.
  void trust(std::vector<Issuer> issuers);
  void deny(DenyList denied);

  /// Whether a token that once was verified is denied by now.
  [[nodiscard]] bool is_denied(const VerifiedToken& token) const;

 private:
  using Remembered = std::unordered_map<std::string, VerifiedToken>;
  struct State {
    std::shared_ptr<const TokenVerifier> verifier;
    DenyList denied;
    // Two generations: when the young one is full it becomes the old one, which is forgotten.
    Remembered young;
    Remembered old;
  };

  const base::Clock& clock_;
  base::Guarded<State> state_;
};

}  // namespace wire
