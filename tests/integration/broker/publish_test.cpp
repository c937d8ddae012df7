#include "plugin_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <vector>

// Row S14: who may say what; and of §5.1, what wills do.

using support::Mqtt;
using support::MqttClient;
using support::Publish;
using support::Transport;
using support::Will;
using namespace std::chrono_literals;

namespace {

constexpr auto kHers = "earshot/v1/ingest/own-ann/echo/say";
constexpr std::array<std::uint8_t, 3> kEveryQos{0, 1, 2};
constexpr std::uint8_t kNobodyListens = 0x10;  // Reason code of MQTT 5.

const std::vector<std::string> kForbidden{"earshot/v1/geo/9q8/y/y/k/9",
                                          "earshot/v1/head/9q8/y/y",
                                          "earshot/v1/status",
                                          "earshot/v1/users/own-ann/replies",
                                          "earshot/v1/users/own-ann/jobs/1",
                                          "earshot/v1/users/own-bob/replies",
                                          "earshot/v1/token/own-ann",
                                          "earshot/v1/ingest/own-bob/echo/say",
                                          "earshot/v1/ingest/own-ann/echo",
                                          "earshot/v1/ingest/own-ann/echo/say/more",
                                          "$CONTROL/earshot/v1/x",
                                          "$CONTROL/dynamic-security/v1",
                                          "$SYS/broker/version",
                                          "a"};

/// MQTT 5: an alias for a topic.
std::string alias(std::uint8_t number) {
  return std::string{'\x23', '\0', static_cast<char>(number)};
}

/// MQTT 5, of a will and of a session: seconds.
std::string will_delay(std::uint8_t seconds) {
  return std::string{'\x18', '\0', '\0', '\0', static_cast<char>(seconds)};
}
const std::string kLongSession{'\x11', '\0', '\0', '\x0e', '\x10'};

std::vector<std::string> topics_of(const MqttClient& client) {
  std::vector<std::string> topics;
  for (const auto& delivery : client.deliveries()) topics.push_back(delivery.topic);
  return topics;
}

}  // namespace

TEST_CASE_METHOD(PluginCase,
                 "what may not be published reaches nobody, at any QoS",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient relay = service("relay");
  REQUIRE(relay.subscribe("earshot/#") == kAccepted);
  MqttClient ann = client(version, "ann", token_of("ann"), transport);
  const std::uint8_t refusal = version == Mqtt::k5 ? kNotAuthorized : kAccepted;
  for (const std::string& topic : kForbidden) {
    for (const std::uint8_t qos : kEveryQos) {
      for (const bool is_retained : {false, true}) {
        CAPTURE(version, topic, qos, is_retained);
        Publish publish{.topic = topic, .qos = qos, .is_retained = is_retained};
        CHECK(ann.publish(publish) == (qos == 0 ? kAccepted : refusal));
      }
    }
  }
  // Her own topic, but retained.
  CHECK(ann.publish({.topic = kHers, .qos = 1, .is_retained = true}) == refusal);
  CHECK(
      ann.publish({.topic = kControl, .payload = token_of("ann"), .qos = 1, .is_retained = true}) ==
      refusal);
  CHECK(ann.ping());
  CHECK(relay.ping());
  CHECK(relay.deliveries().empty());
  CHECK(ann.deliveries().empty());
}

TEST_CASE_METHOD(PluginCase, "commands reach the service, at any QoS", "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient relay = service("relay");
  REQUIRE(relay.subscribe("earshot/v1/ingest/#") == kAccepted);
  MqttClient ann = client(version, "ann", token_of("ann"), transport);
  for (const std::uint8_t qos : kEveryQos) {
    CHECK(ann.publish({.topic = kHers, .qos = qos}) == kAccepted);
  }
  CHECK(ann.ping());
  CHECK(relay.ping());
  CHECK(relay.deliveries().size() == 3);
}

TEST_CASE_METHOD(PluginCase, "nobody can wipe what is retained", "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  MqttClient relay = service("relay");
  REQUIRE(relay.publish({.topic = "earshot/v1/status", .qos = 1, .is_retained = true}) ==
          kNobodyListens);
  MqttClient ann = client(version, "ann", token_of("ann"));
  REQUIRE(
      ann.publish({.topic = "earshot/v1/status", .payload = "", .qos = 1, .is_retained = true}));
  REQUIRE(ann.subscribe("earshot/v1/status") == kAccepted);
  CHECK(ann.ping());
  CHECK(ann.deliveries().size() == 1);
}

TEST_CASE_METHOD(PluginCase, "an alias hides no topic", "[integration][broker]") {
  MqttClient relay = service("relay");
  REQUIRE(relay.subscribe("earshot/#") == kAccepted);
  MqttClient ann = client(Mqtt::k5, "ann", token_of("ann"));
  REQUIRE(ann.publish({.topic = kHers, .qos = 1, .properties = alias(1)}) == kAccepted);
  REQUIRE(ann.publish({.topic = "", .qos = 1, .properties = alias(1)}) == kAccepted);
  for (const std::string& topic : kForbidden) {
    CAPTURE(topic);
    CHECK(ann.publish({.topic = topic, .qos = 1, .properties = alias(1)}) == kNotAuthorized);
    CHECK(ann.publish({.topic = "", .qos = 1, .properties = alias(1)}) == kNotAuthorized);
  }
  CHECK(relay.ping());
  CHECK(topics_of(relay) == std::vector<std::string>(2, kHers));
}

TEST_CASE_METHOD(PluginCase,
                 "a will says nothing that its client may not say",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const bool is_taken_over = GENERATE(false, true);
  const bool is_retained = GENERATE(false, true);
  MqttClient relay = service("relay");
  REQUIRE(relay.subscribe("earshot/#") == kAccepted);
  std::vector<std::string> topics = kForbidden;
  topics.insert(topics.end(), {kHers, kControl, "$SYS/broker/earshot/logins"});
  for (const std::string& topic : topics) {
    CAPTURE(version, topic);
    support::Connect connect = login("ann", token_of("ann"));
    connect.will = Will{.topic = topic, .is_retained = is_retained};
    {
      MqttClient ann = stranger(version);
      if (ann.connect(connect) != kAccepted) continue;  // Of a will for $… the broker itself.
      if (is_taken_over) {
        CHECK(client(version, "ann", token_of("ann")).ping());
        CHECK(ann.socket().is_cut());
      }
    }
  }
  // The end of a connection of a service account is noticed after theirs, and its will counts.
  support::Connect connect;
  connect.client_id = "relay-will";
  connect.username = connect.password = "relay";
  connect.will = Will{.topic = "earshot/v1/status", .payload = "offline"};
  REQUIRE(stranger(Mqtt::k5).connect(connect) == kAccepted);
  CHECK(relay.next_on("earshot/v1/status").payload == "offline");
  // A will for her own topic is heard after a takeover; else it is asked about when the session is
  // over, and refused.
  std::vector<std::string> heard = topics_of(relay);
  std::erase(heard, kHers);
  CHECK(heard == std::vector<std::string>{"earshot/v1/status"});
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase, "nor is one that comes later", "[integration][broker]") {
  MqttClient relay = service("relay");
  REQUIRE(relay.subscribe("earshot/#") == kAccepted);
  for (const char* topic : {"earshot/v1/geo/9q8/y/y/k/9", kHers}) {
    support::Connect connect = login("ann", token_of("ann"));
    connect.client_id += std::to_string(std::string{topic}.size());
    connect.properties = kLongSession;
    connect.will = Will{.topic = topic, .properties = will_delay(1)};
    REQUIRE(stranger(Mqtt::k5).connect(connect) == kAccepted);
  }
  support::Connect connect;
  connect.client_id = "relay-will";
  connect.username = connect.password = "relay";
  connect.properties = kLongSession;
  connect.will = Will{.topic = "earshot/v1/status", .payload = "late", .properties = will_delay(5)};
  REQUIRE(stranger(Mqtt::k5).connect(connect) == kAccepted);
  // The broker counts a delay from when it noticed the end; no later than this ping, it has.
  REQUIRE(relay.ping());
  const bool has_come = support::eventually([&] {
    broker.clock().advance(1s);
    return relay.ping() && !relay.deliveries().empty();
  });
  REQUIRE(has_come);
  CHECK(topics_of(relay) == std::vector<std::string>{"earshot/v1/status"});
}

TEST_CASE_METHOD(PluginCase,
                 "a session that outlives its connection hears nothing",
                 "[integration][broker]") {
  MqttClient relay = service("relay");
  support::Connect connect = login("ann", token_of("ann"));
  connect.properties = kLongSession;
  {
    MqttClient ann = stranger(Mqtt::k5);
    REQUIRE(ann.connect(connect) == kAccepted);
    REQUIRE(ann.subscribe("earshot/v1/status", /*qos=*/1) == kAccepted + 1);
  }
  REQUIRE(relay.publish({.topic = "earshot/v1/status", .qos = 1}).has_value());
  connect.is_clean = false;  // It cannot be taken up again.
  CHECK(stranger(Mqtt::k5).connect(connect) == kNotAuthorized);
  connect.is_clean = true;
  MqttClient again = stranger(Mqtt::k5);
  REQUIRE(again.connect(connect) == kAccepted);
  CHECK(again.ping());
  CHECK(again.deliveries().empty());
}
