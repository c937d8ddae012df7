#include "wire/signing_key.hpp"

#include "base/error.hpp"
#include "wire/base64url.hpp"

#include <catch2/catch.hpp>

using wire::from_base64url;
using wire::PublicKey;
using wire::SigningKey;

namespace {

// RFC 8037, appendix A.1, as PKCS #8.
constexpr std::string_view kRfcKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

}  // namespace

TEST_CASE("a key signs and is named as RFC 8037 shows", "[unit][signing_key]") {
  const SigningKey key = SigningKey::from_pem(kRfcKey);
  CHECK(key.kid() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  CHECK(key.to_pem() == kRfcKey);

  const std::string message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
  const std::string signature = *from_base64url(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  CHECK(key.sign(message) == signature);

  const auto half = PublicKey::from_jwk(
      {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}});
  REQUIRE(half);
  CHECK(half->kid() == key.kid());
  CHECK(half->algorithm() == wire::Algorithm::kEdDsa);
  CHECK(half->verify(message, signature));
  CHECK(key.public_key().to_jwk().at("x") == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

TEST_CASE("only the signature of this message by this key is genuine", "[unit][signing_key]") {
  const SigningKey key = SigningKey::generate();
  const std::string signature = key.sign("message");
  CHECK(key.public_key().verify("message", signature));
  CHECK_FALSE(key.public_key().verify("messagf", signature));
  CHECK_FALSE(key.public_key().verify("message", signature.substr(1)));
  CHECK_FALSE(key.public_key().verify("message", signature + '\0'));
  CHECK_FALSE(key.public_key().verify("message", ""));
  CHECK_FALSE(key.public_key().verify("message", std::string(64, '\0')));
  CHECK_FALSE(SigningKey::generate().public_key().verify("message", signature));
  for (std::size_t index = 0; index < signature.size(); ++index) {
    std::string bent = signature;
    bent[index] = static_cast<char>(bent[index] ^ 1);
    REQUIRE_FALSE(key.public_key().verify("message", bent));
  }
}

TEST_CASE("a generated key survives its file", "[unit][signing_key]") {
  const SigningKey key = SigningKey::generate();
  const SigningKey read = SigningKey::from_pem(key.to_pem());
  CHECK(read.kid() == key.kid());
  CHECK(key.public_key().verify("message", read.sign("message")));
  CHECK(SigningKey::generate().kid() != key.kid());
}

TEST_CASE("anything but an unencrypted private key is refused", "[unit][signing_key]") {
  const std::string pem{kRfcKey};
  CHECK_THROWS_AS(SigningKey::from_pem(""), base::Error);
  CHECK_THROWS_AS(SigningKey::from_pem("nonsense"), base::Error);
  CHECK_THROWS_AS(SigningKey::from_pem(pem.substr(0, pem.size() / 2)), base::Error);
  CHECK_THROWS_AS(SigningKey::from_pem(std::string(100'000, 'a')), base::Error);
  // Public, X25519 (the same numbers for another use), and encrypted: the last must not ask.
  CHECK_THROWS_AS(
      SigningKey::from_pem("-----BEGIN PUBLIC KEY-----\n"
                           "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                           "-----END PUBLIC KEY-----\n"),
      base::Error);
  CHECK_THROWS_AS(
      SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\n"
                           "MC4CAQAwBQYDK2VuBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                           "-----END PRIVATE KEY-----\n"),
      base::Error);
  CHECK_THROWS_AS(
      SigningKey::from_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                           "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhVsWlbhNDDpwICCAAw\n"
                           "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEA8r/A7sZ2ETqh0YL0+FjawEQPc0\n"
                           "PuwiHl1g7nCWnLTlMCSUXJR4fn+sr63q6N7Zs7SFIqwpKEnQJYMW6FAruB6aVfwq\n"
                           "NBm2s8qDybrKlcPTkB4=\n"
                           "-----END ENCRYPTED PRIVATE KEY-----\n"),
      base::Error);
  CHECK_FALSE(
      PublicKey::from_jwk({{"kty", "OKP"}, {"crv", "Ed25519"}, {"kid", "k"}, {"x", "c2hvcnQ"}}));
}
