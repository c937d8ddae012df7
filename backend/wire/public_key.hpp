#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace wire {

/// A key that tells genuine signatures from forged ones. The key, never the token, says which
/// algorithm that is.
///
/// Threads: any; it never changes.
class PublicKey {
 public:
  /// An Ed25519 key from its 32 bytes.
  ///
  /// Errors: base::Error when they are no such key.
  [[nodiscard]] static PublicKey ed25519(std::string_view raw);

  /// The name tokens call it by: its thumbprint, so equal keys have equal names.
  ///
  /// Shape:  43 letters of `[A-Za-z0-9_-]`.
  /// Source: RFC 7638; RFC 8037, appendix A.3.
  [[nodiscard]] const std::string& kid() const { return kid_; }

  /// What a token's `alg` must be: "EdDSA".
  [[nodiscard]] std::string_view algorithm() const { return "EdDSA"; }

  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

 private:
  PublicKey(std::shared_ptr<evp_pkey_st> key, std::string kid);

  std::shared_ptr<evp_pkey_st> key_;
  std::string kid_;
};

}  // namespace wire
