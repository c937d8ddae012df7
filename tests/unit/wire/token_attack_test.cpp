#include "token_forge.hpp"
#include "wire/base64url.hpp"

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <random>

using wire::to_base64url;

namespace {

std::string hmac_sha256(std::string_view secret, std::string_view message) {
  std::string digest(32, '\0');
  unsigned length = 0;
  HMAC(EVP_sha256(),
       secret.data(),
       static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()),
       message.size(),
       reinterpret_cast<unsigned char*>(digest.data()),
       &length);
  return digest;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != text.npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("the forge makes good tokens, so that what follows means something", "[unit][token]") {
  const TokenForge forge;
  CHECK(forge.fault_of(forge.signed_payload(TokenForge::payload())) == "");
}

TEST_CASE("no other algorithm than that of the key is accepted", "[unit][token]") {
  const TokenForge forge;
  const std::string fault = "alg is not that of the key";
  for (const char* alg : {R"("none")",
                          R"("None")",
                          R"("nOnE")",
                          R"("HS256")",
                          R"("ES256")",
                          R"("RS256")",
                          R"("eddsa")",
                          R"("Ed25519")",
                          R"("")",
                          "1",
                          "null",
                          R"(["EdDSA"])",
                          R"({"a":1})",
                          "true"}) {
    CAPTURE(alg);
    const std::string header = replaced(forge.header(), R"("EdDSA")", alg);
    CHECK(forge.fault_of(forge.signed_token(header, TokenForge::payload())) == fault);
  }
  const std::string without = replaced(forge.header(), R"("alg":"EdDSA",)", "");
  CHECK(forge.fault_of(forge.signed_token(without, TokenForge::payload())) == fault);

  const std::string none = to_base64url(replaced(forge.header(), "EdDSA", "none")) + '.' +
                           to_base64url(TokenForge::payload()) + '.';
  CHECK(forge.fault_of(none) == fault);

  const std::string hs256 = to_base64url(replaced(forge.header(), "EdDSA", "HS256")) + '.' +
                            to_base64url(TokenForge::payload());
  for (const std::string& secret : {forge.key().kid(), forge.key().to_pem()}) {
    CHECK(forge.fault_of(hs256 + '.' + to_base64url(hmac_sha256(secret, hs256))) == fault);
  }
}

TEST_CASE("a header that is not exactly ours is refused", "[unit][token]") {
  const TokenForge forge;
  const auto fault_of = [&](const std::string& header) {
    return forge.fault_of(forge.signed_token(header, TokenForge::payload()));
  };
  const std::string good = forge.header();
  for (const char* typ : {"JWT", "jwt", "AT+JWT", "at+jwt ", "application/at+jwt", ""}) {
    CHECK(fault_of(replaced(good, "at+jwt", typ)) == "typ is not that of an access token");
  }
  CHECK(fault_of(replaced(good, R"(,"typ":"at+jwt")", "")) == "typ is not a text");
  for (const char* crit : {R"(["exp"])", "[]", "null", R"(["b64"])"}) {
    CHECK(fault_of(replaced(good, "{", std::string{R"({"crit":)"} + crit + ',')) ==
          "the header has crit");
  }
  const std::string kid = '"' + forge.key().kid() + '"';
  for (const char* other :
       {R"("unknown")", R"("../../dev/null")", R"("' OR 1")", R"("")", "7", "null", R"(["a"])"}) {
    CAPTURE(other);
    CHECK(fault_of(replaced(good, kid, other)) == "kid names no key");
  }
  CHECK(fault_of(replaced(good, R"("kid":)" + kid + ',', "")) == "kid names no key");
  for (const char* header : {"", "[]", "[1]", "1", "null", "\"a\"", "{", "{\"alg\":1e400}"}) {
    CAPTURE(header);
    CHECK_THAT(fault_of(header), Catch::StartsWith("the header "));
  }
  CHECK_THAT(fault_of(replaced(good, "{", R"({"alg":"none",)")),
             Catch::Contains("is given more than once"));
  // Keys that a token brings along count for nothing, whatever they are.
  CHECK(fault_of(replaced(good, "{", R"({"jwk":{"kty":"OKP"},"jku":"http://evil","x5u":"x",)")) ==
        "");
}

TEST_CASE("a token of another shape is refused before anything is decoded", "[unit][token]") {
  const TokenForge forge;
  const std::string good = forge.signed_payload(TokenForge::payload());
  const std::string fault = "the token is not three parts in at most 4096 bytes";
  CHECK(forge.fault_of("") == fault);
  CHECK(forge.fault_of("a") == fault);
  CHECK(forge.fault_of(".") == fault);
  CHECK(forge.fault_of(std::string(1000, '.')) == fault);
  CHECK(forge.fault_of(good + '.') == fault);
  CHECK(forge.fault_of('.' + good) == fault);
  CHECK(forge.fault_of(good.substr(0, good.rfind('.'))) == fault);
  CHECK(forge.fault_of(good + std::string(64 * 1024, 'A')) == fault);
  CHECK(forge.fault_of(std::string(64 * 1024, 'A')) == fault);
  CHECK(forge.fault_of("..") != "");
  const std::string long_payload =
      TokenForge::payload_with("x", '"' + std::string(4000, 'a') + '"');
  CHECK(forge.fault_of(forge.signed_payload(long_payload)) == fault);
}

TEST_CASE("one token has one spelling", "[unit][token]") {
  const TokenForge forge;
  const std::string good = forge.signed_payload(TokenForge::payload());
  const std::size_t first = good.find('.');
  const std::size_t second = good.rfind('.');
  CHECK(forge.fault_of(good + "==") == "the signature is not strict base64url");
  CHECK(forge.fault_of(good + ' ') == "the signature is not strict base64url");
  CHECK(forge.fault_of(good + '\n') == "the signature is not strict base64url");
  CHECK(forge.fault_of(good + '\0') == "the signature is not strict base64url");
  CHECK_THAT(forge.fault_of(std::string{good}.insert(first, "=")),
             Catch::StartsWith("the header is not strict base64url"));
  CHECK(forge.fault_of(std::string{good}.insert(second, "=")) == "the signature is forged");
  CHECK(forge.fault_of(' ' + good) == "the header is not strict base64url");

  // 64 bytes are 86 letters, and the last one has four bits to spare: 15 false spellings.
  int accepted = 0;
  for (const char letter :
       std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/="}) {
    std::string bent = good;
    bent.back() = letter;
    if (forge.fault_of(bent).empty()) ++accepted;
  }
  CHECK(accepted == 1);

  std::string other_alphabet = good;
  for (char& letter : other_alphabet) {
    if (letter == '-') letter = '+';
    if (letter == '_') letter = '/';
  }
  CHECK((other_alphabet == good || !forge.fault_of(other_alphabet).empty()));
}

TEST_CASE("a signature belongs to its message", "[unit][token]") {
  const TokenForge forge;
  const TokenForge stranger;
  const std::string good = forge.signed_payload(TokenForge::payload());
  const std::string signature = good.substr(good.rfind('.'));
  const std::string fault = "the signature is forged";
  const std::string message = to_base64url(forge.header()) + '.';
  const std::string admin = to_base64url(TokenForge::payload_with("sub", R"("admin")"));
  CHECK(forge.fault_of(message + admin + signature) == fault);
  CHECK(forge.fault_of(message + admin + '.') == fault);
  CHECK(forge.fault_of(message + admin + '.' + to_base64url(std::string(64, '\0'))) == fault);
  // Signed by somebody else, in the name of a known key.
  CHECK(forge.fault_of(stranger.signed_token(forge.header(), TokenForge::payload())) == fault);
  // What is not genuine is not even parsed.
  CHECK(forge.fault_of(message + "!!!" + signature) == fault);
}

TEST_CASE("claims of the wrong type or value are refused", "[unit][token]") {
  const TokenForge forge;
  struct Row {
    std::string_view claim;
    std::vector<std::string> values;  // "" removes the claim.
    std::string_view fault;
  };
  const std::vector<Row> rows{
      {"exp",
       {"",
        "\"1800003600\"",
        "1800003600.0",
        "1.8e9",
        "1e300",
        "-1",
        "0",
        "null",
        "true",
        "[1]",
        "18446744073709551615",
        "99999999999999999999"},
       "exp is not a positive integer"},
      {"exp", {"1", "1799999999", "1800000000"}, "the token has expired"},
      {"exp",
       {"2115360000", "9223372036854775807"},
       "exp is further away than any token of its issuer lives"},
      {"nbf", {"1800000061", "\"1\"", "1.5", "1e300", "null"}, "nbf is not a past integer"},
      {"iat", {"1800000061", "\"1\"", "1.5", "1e300", "null"}, "iat is not a past integer"},
      {"iss",
       {"", "\"Earshot\"", "\"earshot/\"", "\"\"", "1", "null", R"(["earshot"])"},
       "iss is not whose key it is"},
      {"aud",
       {"",
        "\"other\"",
        "\"earshot2\"",
        "1",
        "null",
        "[]",
        R"(["other"])",
        R"([["earshot"]])",
        R"(["earshot",1])",
        R"({"earshot":1})"},
       "aud does not name us"},
      {"sub",
       {"",
        "\"\"",
        "\"a b\"",
        "\"a/b\"",
        "\"+\"",
        "\"#\"",
        "\"a.b\"",
        "\"é\"",
        "1",
        "null",
        R"(["a"])",
        '"' + std::string(65, 'a') + '"'},
       "sub is not 1 to 64 of [A-Za-z0-9_-]"},
      {"jti", {"1", "null", "[]"}, "jti is not a string"},
  };
  for (const Row& row : rows) {
    for (const std::string& value : row.values) {
      CAPTURE(row.claim, value);
      CHECK(forge.fault_of(forge.signed_payload(TokenForge::payload_with(row.claim, value))) ==
            row.fault);
    }
  }
}

TEST_CASE("a payload that is not a plain object is refused", "[unit][token]") {
  const TokenForge forge;
  for (const char* payload : {"", "[1]", "1", "null", "\"a\"", "{", "not json"}) {
    CAPTURE(payload);
    CHECK_THAT(forge.fault_of(forge.signed_payload(payload)), Catch::StartsWith("the payload "));
  }
  const auto fault_with = [&](std::string_view name, std::string_view value) {
    return forge.fault_of(forge.signed_payload(TokenForge::payload_with(name, value)));
  };
  CHECK_THAT(fault_with("x", R"(1,"sub":"admin")"), Catch::Contains("is given more than once"));
  CHECK_THAT(fault_with("sub", R"("a\u0000admin")"), Catch::Contains("NUL"));
  CHECK_THAT(fault_with("sub", R"("\ud800")"), Catch::Contains("surrogate"));
  CHECK(fault_with("x", std::string(7, '[') + std::string(7, ']')) == "");
  CHECK_THAT(fault_with("x", std::string(8, '[') + std::string(8, ']')),
             Catch::Contains("deeper than 8 levels"));
  CHECK_THAT(fault_with("x", std::string(1200, '[')), Catch::Contains("deeper than 8 levels"));
}

TEST_CASE("no spoiled byte makes a verifier accept or fall", "[unit][token]") {
  const TokenForge forge;
  const std::string good = forge.signed_payload(TokenForge::payload());
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 2000; ++round) {
    std::string bent = good;
    bent[random() % bent.size()] = static_cast<char>(random() & 0xFFU);
    if (bent != good) REQUIRE(forge.fault_of(bent) != "");
  }
}
