#include "wire/jwk_members.hpp"

#include "wire/base64url.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

namespace wire {
namespace {

constexpr std::size_t kFieldBytes = 32;  // Of Ed25519 and P-256.
constexpr std::size_t kModulusBytesMax = 1024;
constexpr std::size_t kExponentBytesMax = 8;

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using EcSignature = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using Parameters = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

Number number_of(std::string_view bytes) {
  return {BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr), &BN_free};
}

std::string padded(const BIGNUM* number, std::size_t size) {
  std::string bytes(size, '\0');
  require(BN_bn2binpad(number, bytes_of(bytes), static_cast<int>(size)) == static_cast<int>(size),
          "a number of the key is too large");
  return bytes;
}

std::string number_at(EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* raw = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &raw) == 1, "OpenSSL cannot read the key");
  const Number number{raw, &BN_free};
  return padded(raw, size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(raw)));
}

/// The strict base64url bytes under `name`: at least one and at most `bytes_max`.
std::optional<std::string> bytes_at(const base::Json& jwk,
                                    const char* name,
                                    std::size_t bytes_max) {
  const auto found = jwk.find(name);
  if (found == jwk.end() || !found->is_string()) return std::nullopt;
  auto bytes = from_base64url(found->get_ref<const std::string&>());
  if (!bytes || bytes->empty() || bytes->size() > bytes_max) return std::nullopt;
  return bytes;
}

bool has(const base::Json& jwk, const char* name, std::string_view value) {
  const auto found = jwk.find(name);
  return found != jwk.end() && found->is_string() && found->get_ref<const std::string&>() == value;
}

KeyPointer make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters{OSSL_PARAM_BLD_to_param(builder), &OSSL_PARAM_free};
  const Context context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), &EVP_PKEY_CTX_free};
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return own(key);
}

KeyPointer p256_key(const base::Json& jwk) {
  const auto x = bytes_at(jwk, "x", kFieldBytes);
  const auto y = bytes_at(jwk, "y", kFieldBytes);
  if (!x || !y || x->size() != kFieldBytes || y->size() != kFieldBytes) return nullptr;
  const std::string point = '\x04' + *x + *y;  // SEC 1: uncompressed.
  const ParameterBuilder builder{OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free};
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(
          builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  KeyPointer key = make_key("EC", builder.get());
  if (!key) return nullptr;
  // A point beside the curve lets a forger choose an easier group.
  const Context context{EVP_PKEY_CTX_new(key.get(), nullptr), &EVP_PKEY_CTX_free};
  return context && EVP_PKEY_public_check(context.get()) == 1 ? key : nullptr;
}

KeyPointer rsa_key(const base::Json& jwk) {
  const auto modulus = bytes_at(jwk, "n", kModulusBytesMax);
  const auto exponent = bytes_at(jwk, "e", kExponentBytesMax);
  if (!modulus || !exponent) return nullptr;
  const Number n = number_of(*modulus);
  const Number e = number_of(*exponent);
  // With 1 every signature is its own message.
  if (!n || !e || BN_is_odd(n.get()) == 0 || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1) {
    return nullptr;
  }
  const ParameterBuilder builder{OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free};
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return make_key("RSA", builder.get());
}

KeyPointer ed25519_key(const base::Json& jwk) {
  const auto x = bytes_at(jwk, "x", kFieldBytes);
  if (!x || x->size() != kFieldBytes) return nullptr;
  return own(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, /*engine=*/nullptr, bytes_of(*x), x->size()));
}

}  // namespace

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t length = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) == 1 &&
         std::string_view{name.data(), length} == "prime256v1";
}

base::Json jwk_members(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: {
      std::string raw(kFieldBytes, '\0');
      std::size_t length = raw.size();
      require(EVP_PKEY_get_raw_public_key(key, bytes_of(raw), &length) == 1,
              "OpenSSL cannot read the key");
      return {{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", to_base64url(raw)}};
    }
    case EVP_PKEY_EC:
      return {{"crv", "P-256"},
              {"kty", "EC"},
              {"x", to_base64url(number_at(key, OSSL_PKEY_PARAM_EC_PUB_X, kFieldBytes))},
              {"y", to_base64url(number_at(key, OSSL_PKEY_PARAM_EC_PUB_Y, kFieldBytes))}};
    default:
      return {{"e", to_base64url(number_at(key, OSSL_PKEY_PARAM_RSA_E, 0))},
              {"kty", "RSA"},
              {"n", to_base64url(number_at(key, OSSL_PKEY_PARAM_RSA_N, 0))}};
  }
}

KeyPointer key_from_members(const base::Json& jwk) {
  if (has(jwk, "kty", "OKP") && has(jwk, "crv", "Ed25519")) return ed25519_key(jwk);
  if (has(jwk, "kty", "EC") && has(jwk, "crv", "P-256")) return p256_key(jwk);
  if (has(jwk, "kty", "RSA")) return rsa_key(jwk);
  return nullptr;
}

std::optional<std::string> to_der_signature(std::string_view raw) {
  if (raw.size() != 2 * kFieldBytes) return std::nullopt;
  const EcSignature signature{ECDSA_SIG_new(), &ECDSA_SIG_free};
  Number r = number_of(raw.substr(0, kFieldBytes));
  Number s = number_of(raw.substr(kFieldBytes));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
    return std::nullopt;
  }
  static_cast<void>(r.release());  // The signature owns both now.
  static_cast<void>(s.release());
  const int length = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (length <= 0) return std::nullopt;
  std::string der(static_cast<std::size_t>(length), '\0');
  unsigned char* at = bytes_of(der);
  i2d_ECDSA_SIG(signature.get(), &at);
  return der;
}

std::string from_der_signature(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  const EcSignature signature{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())),
                              &ECDSA_SIG_free};
  require(signature != nullptr, "OpenSSL made no ECDSA signature");
  return padded(ECDSA_SIG_get0_r(signature.get()), kFieldBytes) +
         padded(ECDSA_SIG_get0_s(signature.get()), kFieldBytes);
}

}  // namespace wire
