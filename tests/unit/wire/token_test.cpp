#include "wire/token.hpp"

#include "base/error.hpp"
#include "token_forge.hpp"
#include "wire/base64url.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using wire::Claims;
using wire::TokenMinter;
using wire::TokenVerifier;

namespace {

const std::chrono::system_clock::time_point kNow{std::chrono::seconds{TokenForge::kNow}};

std::string part(const std::string& token, std::size_t from, std::size_t to) {
  return wire::from_base64url(token.substr(from, to - from)).value();
}

}  // namespace

TEST_CASE("a minted token is accepted and says who it is", "[unit][token]") {
  const TokenForge forge;
  const TokenMinter minter{forge.key(), "earshot", "earshot"};
  const auto verified = forge.verifier().verify(
      minter.mint({.sub = "guest_1", .issued_at = kNow, .expires_at = kNow + 1h}));
  REQUIRE(verified);
  CHECK(verified->sub == "guest_1");
  CHECK(verified->caller == *wire::Caller::from("own", "guest_1"));
  CHECK(verified->caller.text() == "own-guest_5f1");
  CHECK(verified->jti.size() == 20);
  CHECK(verified->expires_at == kNow + 1h);
}

TEST_CASE("a minted token is made of these parts", "[unit][token]") {
  const TokenForge forge;
  const TokenMinter minter{forge.key(), "earshot", "earshot"};
  const Claims claims{.sub = "guest_1", .issued_at = kNow, .expires_at = kNow + 1h};
  const std::string token = minter.mint(claims);
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  CHECK(part(token, 0, first) == forge.header());
  CHECK_THAT(
      part(token, first + 1, second),
      Catch::StartsWith(R"({"iss":"earshot","aud":"earshot","sub":"guest_1","iat":1800000000,)"
                        R"("exp":1800003600,"jti":")"));
  CHECK(part(token, second + 1, token.size()).size() == 64);
  CHECK(minter.mint(claims) != token);  // Each has its own jti.
}

TEST_CASE("a token is accepted to the last second of its life", "[unit][token]") {
  const TokenForge forge;
  const auto fault_with = [&](std::string_view name, std::int64_t value) {
    return forge.fault_of(
        forge.signed_payload(TokenForge::payload_with(name, std::to_string(value))));
  };
  CHECK(fault_with("exp", TokenForge::kNow + 1) == "");
  CHECK(fault_with("exp", TokenForge::kNow) == "the token has expired");
  CHECK(fault_with("exp", TokenForge::kNow + 86400) == "");
  CHECK(fault_with("exp", TokenForge::kNow + 86401) ==
        "exp is further away than any token of its issuer lives");
  CHECK(fault_with("nbf", TokenForge::kNow + 60) == "");
  CHECK(fault_with("nbf", TokenForge::kNow + 61) == "nbf is not a past integer");
  CHECK(fault_with("iat", TokenForge::kNow + 60) == "");
  CHECK(fault_with("iat", TokenForge::kNow + 61) == "iat is not a past integer");
}

TEST_CASE("the audience may be one of several, and times other than exp absent", "[unit][token]") {
  const TokenForge forge;
  const auto fault_with = [&](std::string_view name, std::string_view value) {
    return forge.fault_of(forge.signed_payload(TokenForge::payload_with(name, value)));
  };
  CHECK(fault_with("aud", R"(["other","earshot"])") == "");
  CHECK(fault_with("iat", "") == "");
  CHECK(fault_with("jti", "") == "");
  CHECK(fault_with("sub", '"' + std::string(64, 'a') + '"') == "");
  CHECK(fault_with("more", R"({"x":[1]})") == "");
}

TEST_CASE("keys other than the newest stay valid until they are removed", "[unit][token]") {
  const wire::SigningKey old = wire::SigningKey::generate();
  const wire::SigningKey current = wire::SigningKey::generate();
  const wire::SigningKey removed = wire::SigningKey::generate();
  const base::SystemClock clock;
  const TokenVerifier verifier{{wire::own_issuer({old.public_key(), current.public_key()})}, clock};
  const auto minted_by = [&](const wire::SigningKey& key) {
    return TokenMinter{key, "earshot", "earshot"}.mint(
        {.sub = "a", .issued_at = clock.wall(), .expires_at = clock.wall() + 1min});
  };
  CHECK(verifier.verify(minted_by(old)));
  CHECK(verifier.verify(minted_by(current)));
  CHECK(verifier.verify(minted_by(removed)).error().reason == "kid names no key");
}

TEST_CASE("a verifier without keys does not start", "[unit][token]") {
  const base::SystemClock clock;
  CHECK_THROWS_AS(TokenVerifier({}, clock), base::Error);
}
