#include "engine/requests/issuer_source.hpp"

#include "base/error.hpp"
#include "support/hand_clock.hpp"
#include "support/scratch_folder.hpp"
#include "wire/signing_key.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace engine::requests;
using base::Json;
using Catch::Matchers::Contains;

namespace {

Json an_issuer() {
  return {{"issuer", "https://login.example.org/"},
          {"alias", "corp"},
          {"audience", "earshot"},
          {"jwks", "https://login.example.org/keys"}};
}

std::string key_set(const wire::SigningKey& key) {
  return base::to_text({{"keys", Json::array({key.public_key().to_jwk()})}});
}

struct KeysCase {
  support::ScratchFolder folder;
  support::HandClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  wire::SigningKey first = wire::SigningKey::generate(wire::Algorithm::kEs256);
  wire::SigningKey second = wire::SigningKey::generate(wire::Algorithm::kEdDsa);
  base::Result<std::string, std::string> answer = key_set(first);
  int fetches = 0;

  [[nodiscard]] IssuerKeys keys() {
    const auto source = issuer_sources_of(Json::array({an_issuer()})).front();
    return IssuerKeys{source,
                      folder.path() / "corp.jwks.json",
                      [this](const auto&, const auto&) {
                        ++fetches;
                        return answer;
                      },
                      log};
  }
};

}  // namespace

TEST_CASE("an issuer that is described wrongly is refused with the reason", "[unit][issuer]") {
  const auto refusal = [](const char* key, Json value) {
    Json entry = an_issuer();
    entry[key] = std::move(value);
    try {
      static_cast<void>(issuer_sources_of(Json::array({entry})));
    } catch (const base::Error& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  CHECK(refusal("alias", "corp").empty());
  CHECK_THAT(refusal("alias", "own"), Contains("alias own"));
  CHECK_THAT(refusal("alias", "Corp"), Contains("alias Corp"));
  CHECK_THAT(refusal("alias", "a-b"), Contains("alias a-b"));
  CHECK_THAT(refusal("issuer", ""), Contains("issuer"));
  CHECK_THAT(refusal("audience", 5), Contains("audience"));
  CHECK_THAT(refusal("jwks", "http://login.example.org/keys"), Contains("https only"));
  CHECK_THAT(refusal("types", Json::array()), Contains("types"));
  CHECK_THAT(refusal("token_life_max_s", 59), Contains("token_life_max_s"));
  CHECK_THAT(refusal("token_life_max_s", 2'592'001), Contains("token_life_max_s"));
  CHECK_THAT(refusal("audiance", "x"), Contains("unknown key audiance"));
  CHECK_THROWS_WITH(issuer_sources_of(Json::array({an_issuer(), an_issuer()})),
                    Contains("two issuers"));
  CHECK_THROWS_AS(issuer_sources_of(Json::object()), base::Error);
}

TEST_CASE_METHOD(KeysCase, "keys are fetched at once, then every ten minutes", "[unit][issuer]") {
  IssuerKeys kept = keys();
  CHECK(kept.issuer().keys.empty());
  CHECK(kept.refresh(clock.monotonic(), false));
  CHECK(kept.issuer().keys.front().kid() == first.kid());
  clock.pass(599s);
  CHECK_FALSE(kept.refresh(clock.monotonic(), false));
  CHECK(fetches == 1);
  clock.pass(1s);
  CHECK_FALSE(kept.refresh(clock.monotonic(), false));  // Fetched, and the same.
  CHECK(fetches == 2);
}

TEST_CASE_METHOD(KeysCase,
                 "a key that is wanted is fetched sooner, but once a minute at most",
                 "[unit][issuer]") {
  IssuerKeys kept = keys();
  CHECK(kept.refresh(clock.monotonic(), false));
  answer = key_set(second);
  for (int count = 0; count < 1'000; ++count) {
    CHECK_FALSE(kept.refresh(clock.monotonic(), true));
  }
  CHECK(fetches == 1);
  clock.pass(60s);
  CHECK(kept.refresh(clock.monotonic(), false));  // The wish was not forgotten.
  CHECK(fetches == 2);
  CHECK(kept.issuer().keys.front().kid() == second.kid());
}

TEST_CASE_METHOD(KeysCase, "the last good keys are kept, also over a restart", "[unit][issuer]") {
  IssuerKeys kept = keys();
  CHECK(kept.refresh(clock.monotonic(), false));
  const std::vector<base::Result<std::string, std::string>> answers{
      base::Result<std::string, std::string>{base::fail(std::string{"away"})},
      std::string{},
      std::string{"<html>"},
      std::string{"{\"keys\":[]}"}};
  for (const auto& bad : answers) {
    answer = bad;
    clock.pass(601s);
    CHECK_FALSE(kept.refresh(clock.monotonic(), false));
    CHECK(kept.issuer().keys.front().kid() == first.kid());
  }
  CHECK(keys().issuer().keys.front().kid() == first.kid());
}
