#include "base/error.hpp"
#include "wire/base64url.hpp"
#include "wire/token_gate.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using wire::Algorithm;
using wire::Issuer;
using wire::SigningKey;
using wire::TokenGate;
using namespace std::chrono_literals;

namespace {

class SetClock final : public base::Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override { return {}; }
  [[nodiscard]] Wall wall() const override { return now; }
  Wall now{std::chrono::seconds{1'800'000'000}};
};

/// An issuer of the world outside, and what it signs.
struct Foreign {
  SigningKey key{SigningKey::generate(Algorithm::kEs256)};
  Issuer issuer{.name = "https://issuer.example/",
                .alias = "ex",
                .audience = "api",
                .types = {"at+jwt", "JWT"},
                .roles_claim = "/realm/roles",
                .keys = {key.public_key()}};

  [[nodiscard]] std::string sign(base::Json header, const base::Json& claims) const {
    header.update({{"alg", "ES256"}, {"kid", key.kid()}});
    const std::string message =
        wire::to_base64url(base::to_text(header)) + '.' + wire::to_base64url(base::to_text(claims));
    return message + '.' + wire::to_base64url(key.sign(message));
  }
  [[nodiscard]] std::string sign(const base::Json& claims) const {
    return sign({{"typ", "JWT"}}, claims);
  }
};

base::Json good_claims() {
  return {{"iss", "https://issuer.example/"},
          {"aud", "api"},
          {"sub", "auth0|Jörg"},
          {"exp", 1'800'003'600}};
}

base::Json with(base::Json claims, const char* name, const base::Json& value) {
  claims[name] = value;
  return claims;
}

wire::TokenMinter own_minter(const SigningKey& key) {
  return {key, std::string{wire::kOwnIssuer}, std::string{wire::kOwnAudience}};
}

std::string fault_of(TokenGate& gate, const std::string& token) {
  const auto verified = gate.verify(token);
  return verified ? "" : verified.error().reason;
}

}  // namespace

TEST_CASE("a foreign issuer's token names its caller without loss", "[unit][token]") {
  const Foreign foreign;
  const SetClock clock;
  TokenGate gate{{foreign.issuer}, clock};
  const auto verified = gate.verify(foreign.sign(good_claims()));
  REQUIRE(verified);
  CHECK(verified->caller.text() == "ex-auth0_7cJ_c3_b6rg");
  CHECK(verified->sub == "auth0|Jörg");
  CHECK(verified->roles == wire::Roles{});
}

TEST_CASE("one issuer cannot speak for another", "[unit][token]") {
  const Foreign foreign;
  const SigningKey own = SigningKey::generate();
  const SetClock clock;
  TokenGate gate{{wire::own_issuer({own.public_key()}), foreign.issuer}, clock};
  CHECK(fault_of(gate, foreign.sign(good_claims())) == "");
  CHECK(fault_of(gate, foreign.sign(with(good_claims(), "iss", "earshot"))) ==
        "iss is not whose key it is");
  base::Json as_own = with(with(good_claims(), "iss", "earshot"), "aud", "earshot");
  CHECK(fault_of(gate, foreign.sign(as_own)) == "iss is not whose key it is");
  CHECK(fault_of(gate, foreign.sign(with(good_claims(), "aud", "earshot"))) ==
        "aud does not name us");
  CHECK(fault_of(gate, foreign.sign(with(good_claims(), "aud", {"other", "api"}))) == "");
  // Not even under a kid that both use.
  Foreign twin;
  base::Json jwk = twin.key.public_key().to_jwk();
  jwk["kid"] = foreign.key.kid();
  twin.issuer.name = "https://twin.example/";
  twin.issuer.alias = "twin";
  twin.issuer.keys = {*wire::PublicKey::from_jwk(jwk)};
  gate.trust({foreign.issuer, twin.issuer});
  CHECK(fault_of(gate, foreign.sign(good_claims())) == "");
  CHECK(fault_of(gate, foreign.sign(with(good_claims(), "iss", "https://twin.example/"))) ==
        "iss is not whose key it is");
}

TEST_CASE("a foreign issuer's rules are its own", "[unit][token]") {
  Foreign foreign;
  const SetClock clock;
  foreign.issuer.token_life_max = 10min;
  foreign.issuer.types = {"at+jwt"};
  TokenGate gate{{foreign.issuer}, clock};
  CHECK(fault_of(gate, foreign.sign({{"typ", "JWT"}}, good_claims())) ==
        "typ is not that of an access token");
  CHECK(fault_of(gate, foreign.sign({{"typ", "at+jwt"}}, good_claims())) ==
        "exp is further away than any token of its issuer lives");
  const base::Json claims = with(good_claims(), "exp", 1'800'000'500);
  CHECK(fault_of(gate, foreign.sign({{"typ", "at+jwt"}}, claims)) == "");
  CHECK(fault_of(gate, foreign.sign({{"typ", "at+jwt"}}, with(claims, "sub", ""))) ==
        "sub is not a text");
  const std::string long_sub(201, 's');
  CHECK(fault_of(gate, foreign.sign({{"typ", "at+jwt"}}, with(claims, "sub", long_sub))) ==
        "sub is too long");
}

TEST_CASE("roles stand where the operator said", "[unit][token]") {
  Foreign foreign;
  const SetClock clock;
  const auto roles_of = [&](const base::Json& claims) {
    TokenGate gate{{foreign.issuer}, clock};
    return gate.verify(foreign.sign(claims))->roles;
  };
  const wire::Roles both{.is_operator = true, .is_worker = true};
  const auto nested = [](const base::Json& roles) {
    return with(good_claims(), "realm", {{"roles", roles}});
  };
  CHECK(roles_of(nested({"worker", "operator", "else"})) == both);
  CHECK(roles_of(nested("operator worker")) == both);
  CHECK(roles_of(nested({"worker"})) == wire::Roles{.is_operator = false, .is_worker = true});
  CHECK(roles_of(nested({"Operator", "operators", 1})) == wire::Roles{});
  CHECK(roles_of(nested({{"operator", true}})) == wire::Roles{});
  CHECK(roles_of(with(good_claims(), "realm", "operator")) == wire::Roles{});
  CHECK(roles_of(with(good_claims(), "roles", {"operator"})) == wire::Roles{});
  foreign.issuer.roles_claim = "https://example/roles";
  CHECK(roles_of(with(good_claims(), "https://example/roles", {"operator"})).is_operator);
}

TEST_CASE("a remembered token still ends, and can be denied", "[unit][token]") {
  SetClock clock;
  const SigningKey key = SigningKey::generate();
  TokenGate gate{{wire::own_issuer({key.public_key()})}, clock};
  const std::string token = own_minter(key).mint(
      {.sub = "ann", .issued_at = clock.now, .expires_at = clock.now + 1h, .roles = {}});
  const auto verified = gate.verify(token);
  REQUIRE(verified);
  CHECK(fault_of(gate, token) == "");

  gate.deny({.callers = {}, .tokens = {"own/" + verified->jti}});
  CHECK(fault_of(gate, token) == "the token or its caller is denied");
  CHECK(gate.is_denied(*verified));
  gate.deny({.callers = {"own-ann"}, .tokens = {}});
  CHECK(fault_of(gate, token) == "the token or its caller is denied");
  gate.deny({.callers = {"own-bob"}, .tokens = {"ex/" + verified->jti}});
  CHECK(fault_of(gate, token) == "");

  clock.now += 1h;
  const auto expired = gate.verify(token);
  REQUIRE_FALSE(expired);
  CHECK(expired.error().reason == "the token has expired");
  REQUIRE(expired.error().expired);
  CHECK(expired.error().expired->sub == "ann");
}

TEST_CASE("keys come and go while the gate stands", "[unit][token]") {
  const SetClock clock;
  const SigningKey old = SigningKey::generate();
  const SigningKey next = SigningKey::generate(Algorithm::kEs256);
  const auto minted = [&](const SigningKey& key) {
    return own_minter(key).mint(
        {.sub = "ann", .issued_at = clock.now, .expires_at = clock.now + 1h, .roles = {}});
  };
  const std::string by_old = minted(old);
  const std::string by_next = minted(next);
  TokenGate gate{{wire::own_issuer({old.public_key()})}, clock};
  CHECK(fault_of(gate, by_old) == "");
  const auto unknown = gate.verify(by_next);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().is_key_unknown);

  gate.trust({wire::own_issuer({old.public_key(), next.public_key()})});
  CHECK(fault_of(gate, by_old) == "");
  CHECK(fault_of(gate, by_next) == "");
  gate.trust({wire::own_issuer({next.public_key()})});
  CHECK(fault_of(gate, by_old) == "kid names no key");
  CHECK_THROWS_AS(gate.trust({}), base::Error);
  CHECK(fault_of(gate, by_next) == "");
}

TEST_CASE("minted roles are read again", "[unit][token]") {
  const SetClock clock;
  const SigningKey key = SigningKey::generate();
  TokenGate gate{{wire::own_issuer({key.public_key()})}, clock};
  for (const bool is_operator : {false, true}) {
    for (const bool is_worker : {false, true}) {
      const wire::Roles roles{.is_operator = is_operator, .is_worker = is_worker};
      const std::string token = own_minter(key).mint(
          {.sub = "ann", .issued_at = clock.now, .expires_at = clock.now + 1h, .roles = roles});
      CHECK(gate.verify(token)->roles == roles);
    }
  }
}

TEST_CASE("what a gate remembers is bounded", "[unit][token]") {
  const SetClock clock;
  const SigningKey key = SigningKey::generate();
  TokenGate gate{{wire::own_issuer({key.public_key()})}, clock};
  const std::string first = own_minter(key).mint(
      {.sub = "first", .issued_at = clock.now, .expires_at = clock.now + 1h, .roles = {}});
  CHECK(fault_of(gate, first) == "");
  CHECK(fault_of(gate, std::string(5000, 'x')) != "");
  CHECK(fault_of(gate, first) == "");
}

TEST_CASE("a deny list survives being written, and nothing else is one", "[unit][token]") {
  const wire::DenyList denied{.callers = {"own-b", "own-a"}, .tokens = {"own/1"}};
  const std::string text = wire::to_text(denied);
  CHECK(text == "{\"callers\":[\"own-a\",\"own-b\"],\"tokens\":[\"own/1\"]}\n");
  const auto read = wire::parse_deny_list(text);
  REQUIRE(read);
  CHECK(read->callers == denied.callers);
  CHECK(read->tokens == denied.tokens);
  for (const char* wrong :
       {"", "[]", "{}", R"({"callers":[]})", R"({"callers":[1],"tokens":[]})"}) {
    CHECK_FALSE(wire::parse_deny_list(wrong));
  }
}
