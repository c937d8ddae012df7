#include "wire/signing_key.hpp"

#include "wire/openssl.hpp"

#include <openssl/pem.h>

#include <cstddef>
#include <utility>

namespace wire {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

PublicKey public_half(EVP_PKEY* key) {
  std::string raw(kKeyBytes, '\0');
  std::size_t length = raw.size();
  require(EVP_PKEY_get_raw_public_key(key, bytes_of(raw), &length) == 1 && length == kKeyBytes,
          "OpenSSL cannot read the public half of the key");
  return PublicKey::ed25519(raw);
}

/// Without it OpenSSL asks for the pass phrase on the terminal and waits.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

SigningKey::SigningKey(std::shared_ptr<evp_pkey_st> key)
    : key_{std::move(key)}, public_key_{public_half(key_.get())} {}

SigningKey SigningKey::generate() {
  const ErrorsForgotten at_end;
  KeyPointer key = own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(key != nullptr, "OpenSSL cannot make an Ed25519 key");
  return SigningKey{std::move(key)};
}

SigningKey SigningKey::from_pem(std::string_view pem) {
  constexpr std::size_t kPemBytesMax = 64 * 1024;
  require(pem.size() <= kPemBytesMax, "the signing key is too long to be an Ed25519 key in PEM");
  const ErrorsForgotten at_end;
  const BioPointer source = own(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(source != nullptr, "OpenSSL has no memory");
  KeyPointer key = own(PEM_read_bio_PrivateKey(source.get(), nullptr, &no_pass_phrase, nullptr));
  require(key != nullptr && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519,
          "the signing key is not an unencrypted Ed25519 private key in PEM");
  return SigningKey{std::move(key)};
}

std::string SigningKey::to_pem() const {
  const ErrorsForgotten at_end;
  const BioPointer sink = own(BIO_new(BIO_s_mem()));
  const bool is_written = sink != nullptr && PEM_write_bio_PrivateKey(sink.get(),
                                                                      key_.get(),
                                                                      /*cipher=*/nullptr,
                                                                      nullptr,
                                                                      0,
                                                                      nullptr,
                                                                      nullptr) == 1;
  require(is_written, "OpenSSL cannot write the signing key");
  char* text = nullptr;
  const long length = BIO_get_mem_data(sink.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string SigningKey::sign(std::string_view message) const {
  const ErrorsForgotten at_end;
  const DigestPointer digest = own(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  std::size_t length = signature.size();
  const bool is_signed =
      digest != nullptr &&
      EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
      EVP_DigestSign(
          digest.get(), bytes_of(signature), &length, bytes_of(message), message.size()) == 1;
  require(is_signed && length == kSignatureBytes, "OpenSSL cannot sign");
  return signature;
}

}  // namespace wire
