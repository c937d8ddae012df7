#include "wire/public_key.hpp"

#include "wire/base64url.hpp"
#include "wire/openssl.hpp"

#include <utility>

namespace wire {
namespace {

std::string sha256(std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  const int done = EVP_Digest(
      text.data(), text.size(), bytes_of(digest), &length, EVP_sha256(), /*engine=*/nullptr);
  require(done == 1, "OpenSSL cannot compute SHA-256");
  digest.resize(length);
  return digest;
}

}  // namespace

PublicKey::PublicKey(std::shared_ptr<evp_pkey_st> key, std::string kid)
    : key_{std::move(key)}, kid_{std::move(kid)} {}

PublicKey PublicKey::ed25519(std::string_view raw) {
  const ErrorsForgotten at_end;
  KeyPointer key = own(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, /*engine=*/nullptr, bytes_of(raw), raw.size()));
  require(key != nullptr, "these bytes are not an Ed25519 public key");
  std::string jwk = R"({"crv":"Ed25519","kty":"OKP","x":")" + to_base64url(raw) + "\"}";
  return {std::move(key), to_base64url(sha256(jwk))};
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  const ErrorsForgotten at_end;
  const DigestPointer digest = own(EVP_MD_CTX_new());
  require(digest != nullptr, "OpenSSL has no memory");
  // Both calls answer 0 or a negative number for different failures; only 1 is a yes.
  if (EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key_.get()) != 1) return false;
  return EVP_DigestVerify(digest.get(),
                          bytes_of(signature),
                          signature.size(),
                          bytes_of(message),
                          message.size()) == 1;
}

}  // namespace wire
