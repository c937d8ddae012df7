#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace wire {

/// The signature algorithms that are believed in, by their names in JOSE: EdDSA (Ed25519), ES256
/// (P-256), RS256. Symmetric ones are not: whoever can check such a token can make one.
enum class Algorithm { kEdDsa, kEs256, kRs256 };

/// "EdDSA", "ES256", "RS256".
[[nodiscard]] std::string_view name_of(Algorithm algorithm);

/// A key that tells genuine signatures from forged ones. The key, never the token, says which
/// algorithm that is.
///
/// Threads: any; it never changes. Copies share one key.
class PublicKey {
 public:
  /// The public half of `key`, an Ed25519, P-256 or RSA key, under its own thumbprint.
  ///
  /// Errors: base::Error for any other key.
  [[nodiscard]] static PublicKey of(std::shared_ptr<evp_pkey_st> key);

  /// A key of a JSON Web Key Set, under its `kid` there.
  ///
  /// Errors: what is wrong with it: another type or curve, a use or an algorithm that it does not
  ///         fit, a point beside the curve, an RSA key of less than 2,048 or more than 8,192 bits.
  /// Source: RFC 7517; RFC 7518, section 6; RFC 8037.
  [[nodiscard]] static base::Result<PublicKey, std::string> from_jwk(const base::Json& jwk);

  /// Only the public half, with `kid`, `alg` and `use`.
  [[nodiscard]] base::Json to_jwk() const;

  /// The name tokens call it by. Of our own keys it is the thumbprint, so equal keys have equal
  /// names: 43 letters of `[A-Za-z0-9_-]` (RFC 7638).
  [[nodiscard]] const std::string& kid() const { return kid_; }

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }

  /// `signature` as JWS has it: 64 bytes (EdDSA, and r and s of ES256), or as long as the modulus.
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

 private:
  PublicKey(std::shared_ptr<evp_pkey_st> key, Algorithm algorithm, std::string kid);

  std::shared_ptr<evp_pkey_st> key_;
  Algorithm algorithm_;
  std::string kid_;
};

}  // namespace wire
