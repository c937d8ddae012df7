#include "wire/public_key.hpp"

#include "wire/base64url.hpp"
#include "wire/digest.hpp"
#include "wire/jwk_members.hpp"
#include "wire/openssl.hpp"

#include <cstddef>
#include <utility>

namespace wire {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;
constexpr std::size_t kKidBytesMax = 128;

/// RFC 7638: the required members alone, sorted, without white space.
std::string thumbprint(EVP_PKEY* key) {
  return to_base64url(sha256(base::to_text(jwk_members(key))));
}

Algorithm algorithm_of(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
      return Algorithm::kEdDsa;
    case EVP_PKEY_EC:
      require(is_p256(key), "the key is on another curve than P-256");
      return Algorithm::kEs256;
    case EVP_PKEY_RSA:
      return Algorithm::kRs256;
    default:
      throw base::Error{"the key is neither Ed25519 nor P-256 nor RSA"};
  }
}

/// Whether the member is absent, or a string equal to `wanted`.
bool is_absent_or(const base::Json& jwk, const char* name, std::string_view wanted) {
  const auto found = jwk.find(name);
  return found == jwk.end() ||
         (found->is_string() && found->get_ref<const std::string&>() == wanted);
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEdDsa:
      return "EdDSA";
    case Algorithm::kEs256:
      return "ES256";
    case Algorithm::kRs256:
      break;
  }
  return "RS256";
}

PublicKey::PublicKey(std::shared_ptr<evp_pkey_st> key, Algorithm algorithm, std::string kid)
    : key_{std::move(key)}, algorithm_{algorithm}, kid_{std::move(kid)} {}

PublicKey PublicKey::of(std::shared_ptr<evp_pkey_st> key) {
  const ErrorsForgotten at_end;
  const Algorithm algorithm = algorithm_of(key.get());
  std::string kid = thumbprint(key.get());
  return {std::move(key), algorithm, std::move(kid)};
}

base::Result<PublicKey, std::string> PublicKey::from_jwk(const base::Json& jwk) {
  const ErrorsForgotten at_end;
  if (!jwk.is_object()) return base::fail(std::string{"a key is not an object"});
  if (!is_absent_or(jwk, "use", "sig")) return base::fail(std::string{"use is not sig"});
  KeyPointer key = key_from_members(jwk);
  if (!key) return base::fail(std::string{"kty is none of OKP Ed25519, EC P-256, RSA; or broken"});

  const Algorithm algorithm = algorithm_of(key.get());
  if (!is_absent_or(jwk, "alg", name_of(algorithm))) {
    return base::fail(std::string{"alg does not fit the key"});
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (algorithm == Algorithm::kRs256 && (bits < kRsaBitsMin || bits > kRsaBitsMax)) {
    return base::fail(std::string{"an RSA key needs 2048 to 8192 bits"});
  }
  const auto kid = jwk.find("kid");
  if (kid == jwk.end()) {
    std::string own = thumbprint(key.get());
    return PublicKey{std::move(key), algorithm, std::move(own)};
  }
  if (!kid->is_string() || kid->get_ref<const std::string&>().empty() ||
      kid->get_ref<const std::string&>().size() > kKidBytesMax) {
    return base::fail(std::string{"kid is not a text of 1 to 128 bytes"});
  }
  return PublicKey{std::move(key), algorithm, kid->get<std::string>()};
}

base::Json PublicKey::to_jwk() const {
  base::Json jwk = jwk_members(key_.get());
  jwk["kid"] = kid_;
  jwk["alg"] = std::string{name_of(algorithm_)};
  jwk["use"] = "sig";
  return jwk;
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  const ErrorsForgotten at_end;
  std::string der;
  if (algorithm_ == Algorithm::kEs256) {
    auto converted = to_der_signature(signature);
    if (!converted) return false;
    der = std::move(*converted);
    signature = der;
  }
  const DigestPointer digest = own(EVP_MD_CTX_new());
  require(digest != nullptr, "OpenSSL has no memory");
  const EVP_MD* hash = algorithm_ == Algorithm::kEdDsa ? nullptr : EVP_sha256();
  // Both calls answer 0 or a negative number for different failures; only 1 is a yes.
  if (EVP_DigestVerifyInit(digest.get(), nullptr, hash, nullptr, key_.get()) != 1) return false;
  return EVP_DigestVerify(digest.get(),
                          bytes_of(signature),
                          signature.size(),
                          bytes_of(message),
                          message.size()) == 1;
}

}  // namespace wire
