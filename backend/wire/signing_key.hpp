#pragma once

#include "wire/public_key.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace wire {

/// The Ed25519 key with which the service signs its own tokens. Whoever has it can be anybody.
///
/// Threads: any; it never changes. Copies share one key.
class SigningKey {
 public:
  [[nodiscard]] static SigningKey generate();

  /// Errors: base::Error when it is no unencrypted Ed25519 private key.
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
