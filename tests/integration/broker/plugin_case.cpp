#include "plugin_case.hpp"

#include "base/json.hpp"

#include <catch2/catch.hpp>

#include <utility>

using support::Connect;
using support::Mqtt;
using support::MqttClient;
using support::PluginBroker;
using support::Transport;

namespace {

PluginBroker::Options trusting(PluginBroker::Options options, const wire::SigningKey& key) {
  options.keys.push_back(key.public_key());
  return options;
}

}  // namespace

PluginCase::PluginCase(PluginBroker::Options options, bool is_trusted)
    : broker{is_trusted ? trusting(std::move(options), forge.key()) : std::move(options)} {}

PluginCase::~PluginCase() {
  CHECK(broker.verdict() == "");
}

std::string PluginCase::token_of(const std::string& sub, std::chrono::seconds life) const {
  const auto now = broker.clock().now();
  return wire::TokenMinter{forge.key(), "earshot", "earshot"}.mint(
      {.sub = sub, .issued_at = now, .expires_at = now + life, .roles = {}});
}

Connect PluginCase::login(const std::string& sub, const std::string& token) {
  Connect connect;
  connect.client_id = "own-" + sub + ".1";
  connect.username = "own-" + sub;
  connect.password = token;
  return connect;
}

MqttClient PluginCase::client(Mqtt version,
                              const std::string& sub,
                              const std::string& token,
                              Transport transport) const {
  MqttClient client = stranger(version, transport);
  REQUIRE(client.connect(login(sub, token)) == kAccepted);
  return client;
}

MqttClient PluginCase::service(const std::string& name, const std::string& id) const {
  MqttClient client = stranger(Mqtt::k5);
  Connect connect;
  connect.client_id = name + '-' + id;
  connect.username = name;
  connect.password = name;
  REQUIRE(client.connect(connect) == kAccepted);
  return client;
}

bool PluginCase::admits(const std::string& sub, const std::string& token) const {
  Connect connect = login(sub, token);
  connect.client_id = "own-" + sub + ".probe";
  return stranger(Mqtt::k5).connect(connect) == kAccepted;
}

bool PluginCase::is_sound() const {
  MqttClient relay = service("relay", "sound");
  for (const Mqtt version : {Mqtt::k311, Mqtt::k5}) {
    MqttClient listener = stranger(version);
    Connect connect = login("zoe", token_of("zoe"));
    connect.client_id = "own-zoe.sound";
    if (listener.connect(connect) != kAccepted) return false;
    if (listener.subscribe("earshot/v1/geo/9q8/y/#") != kAccepted) return false;
    if (relay.publish({.topic = "earshot/v1/geo/9q8/y/y/k/9", .qos = 1}) != kAccepted) return false;
    if (!listener.ping() || listener.deliveries().size() != 1) return false;
  }
  return true;
}

std::string state_of(const support::Delivery& notice) {
  return base::Json::parse(notice.payload).at("state").get<std::string>();
}
