#include "wire/signing_key.hpp"

#include "wire/jwk_members.hpp"
#include "wire/openssl.hpp"

#include <openssl/pem.h>

#include <cstddef>
#include <utility>

namespace wire {
namespace {

constexpr std::size_t kSignatureBytesMax = 80;  // ECDSA in DER has up to 72.

/// Without it OpenSSL asks for the pass phrase on the terminal and waits.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

SigningKey::SigningKey(std::shared_ptr<evp_pkey_st> key)
    : key_{std::move(key)}, public_key_{PublicKey::of(key_)} {}

SigningKey SigningKey::generate(Algorithm algorithm) {
  const ErrorsForgotten at_end;
  require(algorithm != Algorithm::kRs256, "our own keys are Ed25519 or P-256");
  KeyPointer key =
      own(algorithm == Algorithm::kEs256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                         : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(key != nullptr, "OpenSSL cannot make a key");
  return SigningKey{std::move(key)};
}

SigningKey SigningKey::from_pem(std::string_view pem) {
  constexpr std::size_t kPemBytesMax = 64 * 1024;
  require(pem.size() <= kPemBytesMax, "the signing key is too long to be a key in PEM");
  const ErrorsForgotten at_end;
  const BioPointer source = own(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(source != nullptr, "OpenSSL has no memory");
  KeyPointer key = own(PEM_read_bio_PrivateKey(source.get(), nullptr, &no_pass_phrase, nullptr));
  require(key != nullptr && EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA,
          "the signing key is not an unencrypted Ed25519 or P-256 private key in PEM");
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
  const bool is_ecdsa = public_key_.algorithm() == Algorithm::kEs256;
  const DigestPointer digest = own(EVP_MD_CTX_new());
  std::string signature(kSignatureBytesMax, '\0');
  std::size_t length = signature.size();
  const bool is_signed =
      digest != nullptr &&
      EVP_DigestSignInit(
          digest.get(), nullptr, is_ecdsa ? EVP_sha256() : nullptr, nullptr, key_.get()) == 1 &&
      EVP_DigestSign(
          digest.get(), bytes_of(signature), &length, bytes_of(message), message.size()) == 1;
  require(is_signed, "OpenSSL cannot sign");
  signature.resize(length);
  return is_ecdsa ? from_der_signature(signature) : signature;
}

}  // namespace wire
