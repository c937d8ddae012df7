#include "wire/issuer.hpp"

#include "base/error.hpp"
#include "wire/base64url.hpp"
#include "wire/signing_key.hpp"
#include "wire/token.hpp"

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>

using wire::Algorithm;
using wire::PublicKey;
using wire::SigningKey;

namespace {

using Key = std::shared_ptr<EVP_PKEY>;

Key rsa_key(unsigned bits) {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{bits}), &EVP_PKEY_free};
}

// RS256, which the service itself never signs with.
std::string rsa_signature(const Key& key, std::string_view message) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest{EVP_MD_CTX_new(),
                                                                       &EVP_MD_CTX_free};
  REQUIRE(EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t length = 0;
  REQUIRE(EVP_DigestSign(digest.get(), nullptr, &length, bytes, message.size()) == 1);
  std::string signature(length, '\0');
  REQUIRE(EVP_DigestSign(digest.get(),
                         reinterpret_cast<unsigned char*>(signature.data()),
                         &length,
                         bytes,
                         message.size()) == 1);
  return signature;
}

std::string error_of(const base::Json& jwk) {
  const auto key = PublicKey::from_jwk(jwk);
  return key ? "" : key.error();
}

std::string set_of(const std::vector<base::Json>& keys) {
  return base::to_text({{"keys", keys}});
}

}  // namespace

TEST_CASE("each kind of key verifies what it signed, and nothing else", "[unit][token]") {
  for (const Algorithm algorithm : {Algorithm::kEdDsa, Algorithm::kEs256}) {
    CAPTURE(wire::name_of(algorithm));
    const SigningKey key = SigningKey::generate(algorithm);
    CHECK(key.public_key().algorithm() == algorithm);
    const std::string signature = key.sign("message");
    CHECK(signature.size() == 64);
    CHECK(key.public_key().verify("message", signature));
    CHECK_FALSE(key.public_key().verify("massage", signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
      std::string bent = signature;
      bent[i] = static_cast<char>(bent[i] ^ 1);
      CHECK_FALSE(key.public_key().verify("message", bent));
    }
    CHECK_FALSE(key.public_key().verify("message", ""));
    CHECK_FALSE(key.public_key().verify("message", signature + '\0'));
    CHECK_FALSE(key.public_key().verify("message", std::string(64, '\0')));
    CHECK_FALSE(key.public_key().verify("message", std::string(64, '\xff')));
    CHECK(SigningKey::from_pem(key.to_pem()).kid() == key.kid());
  }
  const Key rsa = rsa_key(2048);
  const PublicKey key = PublicKey::of(rsa);
  const std::string signature = rsa_signature(rsa, "message");
  CHECK(key.verify("message", signature));
  CHECK_FALSE(key.verify("massage", signature));
  CHECK_FALSE(key.verify("message", std::string(256, '\0')));
  CHECK_FALSE(key.verify("message", ""));
}

// ECDSA in DER, which OpenSSL makes and JWS does not have, must not pass as r and s.
TEST_CASE("an ES256 signature has one form", "[unit][token]") {
  const SigningKey key = SigningKey::generate(Algorithm::kEs256);
  const std::string raw = key.sign("message");
  CHECK_FALSE(key.public_key().verify(
      "message", "\x30\x44\x02\x20" + raw.substr(0, 32) + "\x02\x20" + raw.substr(32)));
  const std::string swapped = raw.substr(32) + raw.substr(0, 32);
  CHECK_FALSE(key.public_key().verify("message", swapped));
}

TEST_CASE("a key survives being written as a JWK", "[unit][token]") {
  for (const PublicKey& key : {SigningKey::generate(Algorithm::kEdDsa).public_key(),
                               SigningKey::generate(Algorithm::kEs256).public_key(),
                               PublicKey::of(rsa_key(2048))}) {
    const base::Json jwk = key.to_jwk();
    CAPTURE(base::to_text(jwk));
    const auto read = PublicKey::from_jwk(jwk);
    REQUIRE(read);
    CHECK(read->kid() == key.kid());
    CHECK(read->algorithm() == key.algorithm());
    CHECK(read->to_jwk() == jwk);
    CHECK_FALSE(jwk.contains("d"));
    base::Json without_kid = jwk;
    without_kid.erase("kid");
    CHECK(PublicKey::from_jwk(without_kid)->kid() == key.kid());
  }
}

// RFC 8037, appendix A.2 and A.3; RFC 7515, appendix A.3; RFC 7638, section 3.1.
TEST_CASE("keys and thumbprints are those of the standards", "[unit][token]") {
  const auto ed25519 = PublicKey::from_jwk(
      {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}});
  REQUIRE(ed25519);
  CHECK(ed25519->kid() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");

  const auto p256 = PublicKey::from_jwk({{"kty", "EC"},
                                         {"crv", "P-256"},
                                         {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                                         {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}});
  REQUIRE(p256);
  const auto signature = wire::from_base64url(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  REQUIRE(signature);
  CHECK(
      p256->verify("eyJhbGciOiJFUzI1NiJ9."
                   "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                   "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
                   *signature));

  const auto rsa = PublicKey::from_jwk(
      {{"kty", "RSA"},
       {"e", "AQAB"},
       {"n",
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
        "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}});
  REQUIRE(rsa);
  CHECK(rsa->kid() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST_CASE("an unsound key is refused", "[unit][token]") {
  const base::Json ec = SigningKey::generate(Algorithm::kEs256).public_key().to_jwk();
  const base::Json okp = SigningKey::generate().public_key().to_jwk();
  const base::Json rsa = PublicKey::of(rsa_key(2048)).to_jwk();
  const auto with = [](base::Json jwk, const char* name, const base::Json& value) {
    jwk[name] = value;
    return jwk;
  };
  CHECK(error_of(ec) + error_of(okp) + error_of(rsa) == "");
  CHECK(error_of(base::Json::array()) != "");
  CHECK(error_of({{"kty", "oct"}, {"k", "c2VjcmV0"}}) != "");
  CHECK(error_of(with(ec, "crv", "P-384")) != "");
  CHECK(error_of(with(okp, "crv", "Ed448")) != "");
  CHECK(error_of(with(ec, "x", ec.at("y"))) != "");  // Beside the curve.
  CHECK(error_of(with(ec, "x", "AAAA")) != "");
  CHECK(error_of(with(okp, "x", okp.at("x").get<std::string>() + "A")) != "");
  CHECK(error_of(with(rsa, "e", "AQ")) != "");    // 1
  CHECK(error_of(with(rsa, "e", "AAAC")) != "");  // Even.
  CHECK(error_of(with(rsa, "n", rsa.at("n").get<std::string>() + "=")) != "");
  CHECK(error_of(PublicKey::of(rsa_key(1024)).to_jwk()) == "an RSA key needs 2048 to 8192 bits");
  CHECK(error_of(with(rsa, "use", "enc")) == "use is not sig");
  CHECK(error_of(with(rsa, "alg", "HS256")) == "alg does not fit the key");
  CHECK(error_of(with(rsa, "alg", "PS256")) == "alg does not fit the key");
  CHECK(error_of(with(ec, "alg", "RS256")) == "alg does not fit the key");
  CHECK(error_of(with(ec, "kid", "")) != "");
  CHECK(error_of(with(ec, "kid", 7)) != "");
  CHECK(error_of(with(ec, "kid", std::string(129, 'k'))) != "");
}

TEST_CASE("of a key set the usable keys are taken", "[unit][token]") {
  const base::Json first = SigningKey::generate().public_key().to_jwk();
  const base::Json second = SigningKey::generate(Algorithm::kEs256).public_key().to_jwk();
  const auto keys = wire::parse_jwk_set(set_of({first, {{"kty", "future"}}, second}));
  REQUIRE(keys);
  CHECK(keys->size() == 2);
  CHECK(wire::parse_jwk_set(set_of({first, first})).error().starts_with("two keys have the kid"));
  CHECK_FALSE(wire::parse_jwk_set(set_of({})));
  CHECK_FALSE(wire::parse_jwk_set(set_of({{{"kty", "oct"}}})));
  CHECK_FALSE(wire::parse_jwk_set("[]"));
  CHECK_FALSE(wire::parse_jwk_set("<html>"));
  CHECK_FALSE(wire::parse_jwk_set(R"({"keys":{}})"));
  CHECK_FALSE(wire::parse_jwk_set(set_of(std::vector<base::Json>(65, first))));
}

TEST_CASE("whom we trust survives being written", "[unit][token]") {
  wire::Issuer foreign{.name = "https://issuer.example/",
                       .alias = "ex",
                       .audience = "api",
                       .types = {"JWT"},
                       .roles_claim = "/realm_access/roles",
                       .token_life_max = std::chrono::minutes{10},
                       .keys = {SigningKey::generate(Algorithm::kEs256).public_key()}};
  const auto own = wire::own_issuer({SigningKey::generate().public_key()});
  const std::string text = wire::to_trust_text({own, foreign});
  const auto read = wire::parse_trust_text(text);
  REQUIRE(read);
  CHECK(wire::to_trust_text(*read) == text);
  CHECK(read->at(1).token_life_max == std::chrono::minutes{10});
  CHECK_FALSE(wire::parse_trust_text(""));
  CHECK_FALSE(wire::parse_trust_text(text.substr(0, text.size() / 2)));
  CHECK_FALSE(wire::parse_trust_text(R"({"issuers":[{}]})"));
}
