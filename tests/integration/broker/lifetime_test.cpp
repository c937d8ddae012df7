#include "plugin_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

// Rows S10 and S11: tokens end, are renewed and denied while connections stand.

using support::Mqtt;
using support::MqttClient;
using support::Transport;
using namespace std::chrono_literals;

namespace {

constexpr auto kPlace = "earshot/v1/geo/9q8/y/y/k/9";

std::uint8_t kicked(Mqtt version) {
  return version == Mqtt::k5 ? kAdministrativeAction : std::uint8_t{0};
}

std::size_t heard_of(const MqttClient& client, const std::string& topic) {
  std::size_t count = 0;
  for (const auto& delivery : client.deliveries()) count += delivery.topic == topic ? 1U : 0U;
  return count;
}

}  // namespace

TEST_CASE_METHOD(PluginCase,
                 "a connection is told 30 s before its token ends, and cut when it does",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient ann = client(version, "ann", token_of("ann", 10min), transport);
  MqttClient bob = client(version, "bob", token_of("bob", 1h), transport);
  MqttClient relay = service("relay");
  REQUIRE(ann.subscribe(kPlace) == kAccepted);
  REQUIRE(bob.subscribe(kPlace) == kAccepted);

  broker.clock().advance(9min + 30s);
  CHECK(state_of(ann.next_on(kAnnsTopic)) == "expiring");  // Without having subscribed to it.
  REQUIRE(relay.publish({.topic = kPlace, .qos = 1}) == kAccepted);
  CHECK(ann.ping());
  CHECK(heard_of(ann, kPlace) == 1);

  broker.clock().advance(30s);
  REQUIRE(relay.publish({.topic = kPlace, .qos = 1}) == kAccepted);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(ann.end() == kicked(version));
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(heard_of(ann, kPlace) == 1);
  CHECK(heard_of(ann, kAnnsTopic) == 1);
  CHECK(bob.ping());
  CHECK(heard_of(bob, kPlace) == 2);
}

TEST_CASE_METHOD(PluginCase,
                 "a fresh token keeps a connection past the end of its first",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient ann = client(version, "ann", token_of("ann", 10min), transport);
  MqttClient relay = service("relay");
  REQUIRE(ann.subscribe(kPlace) == kAccepted);
  for (int renewal = 1; renewal <= 3; ++renewal) {
    broker.clock().advance(9min + 30s);
    CHECK(state_of(ann.next_on(kAnnsTopic)) == "expiring");
    const std::uint8_t qos = renewal % 3 == 0 ? 2 : renewal % 2 == 0 ? 1 : 0;
    REQUIRE(ann.publish({.topic = kControl, .payload = token_of("ann", 10min), .qos = qos}) ==
            kAccepted);
    // A reply may come before the end of the exchange of QoS 1 and 2.
    CHECK(support::eventually(
        [&] { return ann.ping() && state_of(ann.deliveries().back()) == "refreshed"; }));
  }
  REQUIRE(relay.publish({.topic = kPlace, .qos = 1}) == kAccepted);
  CHECK(ann.ping());
  CHECK(heard_of(ann, kPlace) == 1);
  broker.clock().advance(10min);
  CHECK(ann.end() == kicked(version));
}

TEST_CASE_METHOD(PluginCase,
                 "what is no fresh token of the same caller renews nothing",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  MqttClient ann = client(version, "ann", token_of("ann", 10min));
  const std::string soon_old = token_of("ann", 1min);
  broker.clock().advance(1min);
  for (const std::string& wrong : {std::string{},
                                   std::string{"nonsense"},
                                   std::string(60'000, '.'),
                                   std::string(100, '\0'),
                                   token_of("bob"),
                                   soon_old,
                                   forge.signed_payload("[1]")}) {
    CAPTURE(wrong.substr(0, 20));
    REQUIRE(ann.publish({.topic = kControl, .payload = wrong}) == kAccepted);
    CHECK(state_of(ann.next_on(kAnnsTopic)) == "refused");
  }
  broker.clock().advance(9min);
  CHECK(ann.end() == kicked(version));
}

TEST_CASE_METHOD(PluginCase, "whoever is denied is cut within 5 s", "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  const std::string token = token_of("ann");
  MqttClient ann = client(version, "ann", token, transport);
  MqttClient bob = client(version, "bob", token_of("bob"), transport);
  const auto begin = std::chrono::steady_clock::now();
  SECTION("by name, with every token") {
    broker.deny({.callers = {"own-ann"}, .tokens = {}});
    CHECK(ann.end() == kicked(version));
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    CHECK_FALSE(admits("ann", token));
    CHECK_FALSE(admits("ann", token_of("ann")));
  }
  SECTION("by one token, and others of the same caller stay") {
    const auto verified = forge.verifier().verify(token);
    REQUIRE(verified);
    broker.deny({.callers = {}, .tokens = {"own/" + verified->jti}});
    CHECK(ann.end() == kicked(version));
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    CHECK_FALSE(admits("ann", token));
    CHECK(admits("ann", token_of("ann")));
    CHECK(state_of([&] {
            REQUIRE(bob.publish({.topic = kControl, .payload = token}) == kAccepted);
            return bob.next_on("earshot/v1/token/own-bob");
          }()) == "refused");
  }
  CHECK(bob.ping());
  broker.deny({});
  CHECK(support::eventually([&] { return admits("ann", token); }));
}

TEST_CASE_METHOD(PluginCase,
                 "a clock that jumps ends what has ended, and no more",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient ann = client(version, "ann", token_of("ann", 10min), transport);
  MqttClient bob = client(version, "bob", token_of("bob", 1h), transport);
  broker.clock().advance(20min);
  CHECK(ann.end() == kicked(version));
  CHECK(bob.ping());
  broker.clock().advance(-24h);
  CHECK(bob.ping());
  CHECK(is_sound());
  broker.clock().advance(24h);
  CHECK(bob.ping());
}
