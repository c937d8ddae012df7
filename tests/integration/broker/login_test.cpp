#include "plugin_case.hpp"
#include "wire/base64url.hpp"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

// Rows S8, S9 and S12 of the security matrix: who gets in.

using support::Connect;
using support::Mqtt;
using support::MqttClient;
using support::Transport;

namespace {

using Named = std::pair<const char*, std::string>;

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  return text.replace(text.find(what), what.size(), with);
}

/// The last letter of a signature carries bits that mean nothing: another one decodes alike.
std::string malleated(std::string token) {
  token.back() = static_cast<char>(token.back() + 1);
  return token;
}

std::vector<Named> forged_tokens(const TokenForge& forge) {
  const auto headed = [&](std::string_view what, std::string_view with) {
    return forge.signed_token(replaced(forge.header(), what, with), TokenForge::payload());
  };
  const std::string good = forge.signed_payload(TokenForge::payload());
  const std::string kid = '"' + forge.key().kid() + '"';
  const std::string unsigned_part = good.substr(0, good.rfind('.') + 1);
  const wire::SigningKey other = wire::SigningKey::generate();
  return {{"empty", ""},
          {"1,000 dots", std::string(1000, '.')},
          {"64 KB", std::string(60'000, 'A')},
          {"with Bearer", "Bearer " + good},
          {"with a space", good + ' '},
          {"with padding", good + '='},
          {"another last letter", malleated(good)},
          {"no signature", unsigned_part},
          {"a signature of zeros", unsigned_part + wire::to_base64url(std::string(64, '\0'))},
          {"another key's signature",
           unsigned_part +
               wire::to_base64url(other.sign(unsigned_part.substr(0, unsigned_part.size() - 1)))},
          {"alg none", headed("EdDSA", "none")},
          {"alg HS256", headed("EdDSA", "HS256")},
          {"alg ES256", headed("EdDSA", "ES256")},
          {"alg a number", headed("\"EdDSA\"", "1")},
          {"alg twice", headed("{", R"({"alg":"none",)")},
          {"crit", headed("{", R"({"crit":["exp"],)")},
          {"typ JWT", headed("at+jwt", "JWT")},
          {"typ of a refresh token", headed("at+jwt", "rt+jwt")},
          {"a path as kid", headed(kid, R"("../../dev/null")")},
          {"SQL as kid", headed(kid, R"("' OR 1")")},
          {"an embedded key", headed(kid, R"("x","jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"})")},
          {"a key's address", headed(kid, R"("x","jku":"http://evil","x5u":"http://evil")")},
          {"a payload that is a list", forge.signed_payload("[1]")},
          {"deeply nested", forge.signed_payload(std::string(1200, '[') + std::string(1200, ']'))}};
}

std::vector<Named> wrong_claims(const TokenForge& forge) {
  const std::string year_10 = std::to_string(TokenForge::kNow + 10LL * 365 * 86'400);
  std::vector<Named> tokens;
  for (const auto& [name, value] : std::vector<std::pair<const char*, std::string>>{
           {"aud", R"("other")"},
           {"aud", "[]"},
           {"aud", ""},
           {"iss", R"("https://evil")"},
           {"iss", ""},
           {"exp", ""},
           {"exp", std::to_string(TokenForge::kNow - 1)},
           {"exp", std::to_string(TokenForge::kNow)},
           {"exp", year_10},
           {"exp", "-1"},
           {"exp", "1e300"},
           {"exp", "1800003600.5"},
           {"exp", R"("1800003600")"},
           {"iat", std::to_string(TokenForge::kNow + 61)},
           {"nbf", std::to_string(TokenForge::kNow + 61)},
           {"sub", ""},
           {"sub", R"("")"},
           {"sub", R"("ann/#")"},
           {"sub", R"("ann\u0000")"},
           {"sub", R"("guest_1","sub":"ann")"}}) {
    tokens.emplace_back(name, forge.signed_payload(TokenForge::payload_with(name, value)));
  }
  return tokens;
}

/// Refused by a reason, or by hanging up.
bool is_refused(std::optional<std::uint8_t> reason) {
  return reason != kAccepted;
}

}  // namespace

TEST_CASE_METHOD(PluginCase,
                 "a genuine token opens the broker, by both versions and both ways",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  CHECK(client(version, "ann", token_of("ann"), transport).ping());
  CHECK(stranger(version, transport).connect(login("ann", token_of("bob"))) ==
        refused_login(version));
}

TEST_CASE_METHOD(PluginCase, "a forged token opens nothing", "[integration][broker]") {
  for (const Mqtt version : {Mqtt::k311, Mqtt::k5}) {
    // "guest_1" is "own-guest_5f1"; with the genuine token that is right.
    Connect connect = login("guest_5f1", forge.signed_payload(TokenForge::payload()));
    REQUIRE(stranger(version).connect(connect) == kAccepted);
    for (const auto& tokens : {forged_tokens(forge), wrong_claims(forge)}) {
      for (const auto& [name, token] : tokens) {
        CAPTURE(version, name);
        connect.password = token;
        CHECK(stranger(version).connect(connect) == refused_login(version));
      }
    }
  }
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase,
                 "a token is worth nothing under another name",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  MqttClient victim = client(version, "bob", token_of("bob"));
  const Connect good = login("ann", token_of("ann"));
  const auto refuses = [&](auto&& change) {
    Connect connect = good;
    change(connect);
    return is_refused(stranger(version).connect(connect));
  };
  CHECK(refuses([](Connect& connect) { connect.username.reset(), connect.password.reset(); }));
  CHECK(refuses([](Connect& connect) { connect.password.reset(); }));
  CHECK(refuses([](Connect& connect) { connect.username.reset(); }));
  CHECK(refuses([](Connect& connect) { connect.username = ""; }));
  CHECK(refuses([](Connect& connect) { connect.username = "own-bob"; }));
  CHECK(refuses([](Connect& connect) { connect.username = "relay"; }));
  CHECK(refuses([](Connect& connect) { connect.username = std::string{"own-ann\0", 8}; }));
  CHECK(refuses([](Connect& connect) { connect.is_clean = false; }));
  for (const std::string& id : {std::string{},
                                std::string{"own-ann"},
                                std::string{"own-ann."},
                                std::string{"own-bob.1"},
                                std::string{"relay-1"},
                                std::string{"own-ann.+"},
                                std::string{"own-ann.#"},
                                std::string{"own-ann./"},
                                std::string{"own-ann.1\0", 10},
                                std::string{"own-ann.\xff"},
                                "own-ann." + std::string(64'000, 'x')}) {
    CAPTURE(id.substr(0, 20), id.size());
    CHECK(refuses([&](Connect& connect) { connect.client_id = id; }));
  }
  CHECK(victim.ping());
  CHECK(stranger(version).connect(good) == kAccepted);
}

TEST_CASE_METHOD(PluginCase,
                 "a service account needs its own password, and no token replaces it",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  Connect connect = login("ann", token_of("ann"));
  connect.client_id = "relay-1";
  for (const char* name : {"relay", "watcher", "nobody"}) {
    connect.username = name;
    CHECK(stranger(version).connect(connect) == refused_login(version));
  }
  CHECK(service("relay").ping());
}

TEST_CASE_METHOD(PluginCase,
                 "two thousand logins with unknown keys cost little and leave nothing",
                 "[integration][broker]") {
  const auto storm = [this] {
    for (int count = 0; count < 1000; ++count) {
      const std::string kid = "\"k" + std::to_string(count) + '"';
      const std::string header = replaced(forge.header(), '"' + forge.key().kid() + '"', kid);
      const std::string token = forge.signed_token(header, TokenForge::payload());
      CHECK(stranger(Mqtt::k311).connect(login("guest_5f1", token)) == 5);
    }
  };
  storm();
  const std::size_t memory_before = broker.memory_bytes();
  const auto time_before = broker.processor_time();
  storm();
  // A millisecond each, with AddressSanitizer and all.
  CHECK((broker.processor_time() - time_before).count() < 1000);
  CHECK(broker.memory_bytes() < memory_before + 2'000'000);
  CHECK(is_sound());
}
