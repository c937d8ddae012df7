#pragma once

#include "base/error.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <string_view>

/// What OpenSSL gives, freed by itself. For sources of this folder only.
namespace wire {

using KeyPointer = std::shared_ptr<EVP_PKEY>;
using DigestPointer = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using BioPointer = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

[[nodiscard]] inline KeyPointer own(EVP_PKEY* key) {
  return {key, &EVP_PKEY_free};
}
[[nodiscard]] inline DigestPointer own(EVP_MD_CTX* digest) {
  return {digest, &EVP_MD_CTX_free};
}
[[nodiscard]] inline BioPointer own(BIO* bio) {
  return {bio, &BIO_free_all};
}

/// OpenSSL keeps the errors of a thread until somebody asks, and TLS would take them for its own.
struct ErrorsForgotten {
  ErrorsForgotten() = default;
  ErrorsForgotten(const ErrorsForgotten&) = delete;
  ErrorsForgotten& operator=(const ErrorsForgotten&) = delete;
  ~ErrorsForgotten() { ERR_clear_error(); }
};

inline void require(bool is_done, const char* failure) {
  if (!is_done) throw base::Error{failure};
}

[[nodiscard]] inline const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
[[nodiscard]] inline unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace wire
