#include "plugin_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <vector>

// Row S10: keys come and go under a running broker, and files may be missing or broken.

using support::eventually;
using support::Mqtt;
using support::MqttClient;
using namespace std::chrono_literals;

namespace {

class UntrustingCase : public PluginCase {
 public:
  UntrustingCase() : PluginCase{support::PluginBroker::Options{}, /*is_trusted=*/false} {}
};

const std::vector<std::string> kBroken{"", "{}", R"({"issuers":[]})", "\xff\xfe"};

}  // namespace

TEST_CASE_METHOD(PluginCase,
                 "old, current and next keys are believed, a removed one is not",
                 "[integration][broker]") {
  const wire::SigningKey old_key = wire::SigningKey::generate();
  const wire::SigningKey next = wire::SigningKey::generate(wire::Algorithm::kEs256);
  const auto signed_by = [this](const wire::SigningKey& key) {
    const auto now = broker.clock().now();
    return wire::TokenMinter{key, "earshot", "earshot"}.mint(
        {.sub = "ann", .issued_at = now, .expires_at = now + 1h, .roles = {}});
  };
  CHECK_FALSE(admits("ann", signed_by(old_key)));
  broker.trust({old_key.public_key(), forge.key().public_key(), next.public_key()});
  CHECK(eventually([&] { return admits("ann", signed_by(old_key)); }));
  CHECK(admits("ann", signed_by(next)));
  CHECK(admits("ann", token_of("ann")));

  const std::string old_token = signed_by(old_key);
  MqttClient connected = client(Mqtt::k5, "ann", old_token);
  broker.trust({forge.key().public_key(), next.public_key()});
  CHECK(eventually([&] { return !admits("ann", old_token); }, 5s));
  CHECK(admits("ann", signed_by(next)));
  // A connection stands as long as the token that opened it, unless it is denied.
  CHECK(connected.ping());
}

TEST_CASE_METHOD(UntrustingCase,
                 "without a trust file only service accounts get in, until there is one",
                 "[integration][broker]") {
  const std::string token = token_of("ann");
  for (const Mqtt version : {Mqtt::k311, Mqtt::k5}) {
    CHECK(stranger(version).connect(login("ann", token)) == refused_login(version));
  }
  CHECK(service("relay").ping());
  for (const std::string& broken : kBroken) {
    CAPTURE(broken);
    broker.write_trust(broken);
    CHECK(eventually([&, before = broker.log().size()] {
      return !admits("ann", token) && broker.log().size() > before;
    }));
  }
  broker.trust({forge.key().public_key()});
  CHECK(eventually([&] { return admits("ann", token); }, 5s));
}

TEST_CASE_METHOD(PluginCase,
                 "broken and missing files change nothing for who is trusted and denied",
                 "[integration][broker]") {
  broker.deny({.callers = {"own-bob"}, .tokens = {}});
  REQUIRE(eventually([&] { return !admits("bob", token_of("bob")); }));
  for (const std::string& broken : kBroken) {
    CAPTURE(broken);
    const std::size_t before = broker.log().size();
    broker.write_trust(broken);
    broker.write_denied(broken);
    const auto are_both_told = [&] {
      const std::string said = broker.log().substr(before);
      return said.find("trust.json is ignored") != said.npos &&
             said.find("denied.json is ignored") != said.npos;
    };
    CHECK(eventually(are_both_told));
    CHECK(admits("ann", token_of("ann")));
    CHECK_FALSE(admits("bob", token_of("bob")));
  }
  broker.remove_trust();
  broker.reload();
  CHECK(admits("ann", token_of("ann")));

  broker.kill();
  broker.start();
  CHECK_FALSE(admits("ann", token_of("ann")));
  broker.trust({forge.key().public_key()});
  CHECK(eventually([&] { return admits("ann", token_of("ann")); }, 5s));
}

TEST_CASE_METHOD(PluginCase,
                 "a reload of the broker cuts nobody and opens nothing",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  MqttClient ann = client(version, "ann", token_of("ann", 10min));
  MqttClient relay = service("relay");
  REQUIRE(ann.publish({.topic = kControl, .payload = token_of("ann", 1h)}) == kAccepted);
  REQUIRE(state_of(ann.next_on(kAnnsTopic)) == "refreshed");
  broker.clock().advance(20min);  // The token of the login is over, the fresh one is not.
  for (int count = 0; count < 5; ++count) {
    broker.reload();
    CHECK(is_sound());
    CHECK(ann.ping());
    CHECK(ann.subscribe("#") == refused_filter(version));
  }
  CHECK_FALSE(admits("ann", token_of("bob")));
  REQUIRE(ann.subscribe("earshot/v1/status") == kAccepted);
  REQUIRE(relay.publish({.topic = "earshot/v1/status", .qos = 1}) == kAccepted);
  CHECK(ann.ping());
  CHECK(ann.deliveries().back().topic == "earshot/v1/status");
  broker.clock().advance(30min);
  CHECK(ann.ping());
}
