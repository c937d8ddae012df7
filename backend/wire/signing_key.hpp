#pragma once

#include "wire/public_key.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace wire {

/// A key with which the service signs its own tokens: Ed25519 (EdDSA) or P-256 (ES256). Whoever has
/// it can be anybody.
///
/// Threads: any; it never changes. Copies share one key.
class SigningKey {
 public:
  /// Errors: base::Error for RS256, with which only others sign.
  [[nodiscard]] static SigningKey generate(Algorithm algorithm = Algorithm::kEdDsa);

  /// Errors: base::Error when it is no unencrypted private key of these kinds.
  [[nodiscard]] static SigningKey from_pem(std::string_view pem);

  /// PKCS #8, not encrypted: the file it goes into needs mode 0600.
  [[nodiscard]] std::string to_pem() const;

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] const std::string& kid() const { return public_key_.kid(); }

  /// Shape: 64 bytes.
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key);

  std::shared_ptr<evp_pkey_st> key_;
  PublicKey public_key_;
};

}  // namespace wire
