#pragma once

#include "base/json.hpp"
#include "wire/openssl.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Between OpenSSL's keys and signatures, and the forms that JOSE gives them. For sources of this
/// folder only.
namespace wire {

[[nodiscard]] bool is_p256(EVP_PKEY* key);

/// What makes a public key in a JWK, sorted by name: kty and crv, x, y or e, n.
/// Errors: base::Error when OpenSSL cannot read the key.
[[nodiscard]] base::Json jwk_members(EVP_PKEY* key);

/// The public key that these members describe; null when they are none that is sound.
[[nodiscard]] KeyPointer key_from_members(const base::Json& jwk);

/// JWS has r and s of ECDSA as 32 bytes each; OpenSSL wants them in DER.
[[nodiscard]] std::optional<std::string> to_der_signature(std::string_view raw);
/// Errors: base::Error when it is no DER signature on a curve of 256 bits.
[[nodiscard]] std::string from_der_signature(std::string_view der);

}  // namespace wire
