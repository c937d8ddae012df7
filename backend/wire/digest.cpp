#include "wire/digest.hpp"

#include "wire/openssl.hpp"

namespace wire {

std::string sha256(std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  const int done = EVP_Digest(
      text.data(), text.size(), bytes_of(digest), &length, EVP_sha256(), /*engine=*/nullptr);
  require(done == 1, "OpenSSL cannot compute SHA-256");
  digest.resize(length);
  return digest;
}

}  // namespace wire
