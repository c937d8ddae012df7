#include "plugin_case.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

// Row S13: who may hear what.

using support::Mqtt;
using support::MqttClient;
using support::Transport;

namespace {

const std::vector<std::string> kTopics{"earshot/v1/geo/9q8/y/y/k/9",
                                       "earshot/v1/geo/u4p/r/u/y/d",
                                       "earshot/v1/head/9q8/y/y",
                                       "earshot/v1/users/own-bob/jobs/1",
                                       "earshot/v1/users/own-bob/replies",
                                       "earshot/v1/ingest/own-bob/echo/say",
                                       "earshot/v1/ingest/own-ann/echo/say",
                                       "earshot/v1/token/own-bob",
                                       "earshot/v1/status"};

std::vector<std::string> forbidden_filters() {
  std::vector<std::string> filters{"#",
                                   "+",
                                   "/#",
                                   "+/#",
                                   "+/+/+/+/+/+/+/+",
                                   "+/v1/status",
                                   "earshot/#",
                                   "earshot/v1/#",
                                   "earshot/v1/+",
                                   "earshot/v1/+/9q8/y/#",
                                   "earshot/v1/geo",
                                   "earshot/v1/geo/#",
                                   "earshot/v1/geo/+/+/+/+/+",
                                   "earshot/v1/geo/9q8/#",
                                   "earshot/v1/geo/9q8/+/#",
                                   "earshot/v1/geo/9q8/y",
                                   "earshot/v1/geo/9q8/y/",
                                   "earshot/v1/geo/9q8/y/../x",
                                   "earshot/v1/geo/9Q8/Y/#",
                                   "earshot/v1/geo/9qa/y/#",
                                   "earshot/v1/geo/9q8yyk9",
                                   "earshot/v1/geo/9q8/y/y/k/9/#",
                                   "earshot/v1/head/#",
                                   "earshot/v1/head/9q8/+/y",
                                   "earshot/v1/users/#",
                                   "earshot/v1/users/+/jobs/+",
                                   "earshot/v1/users/own-bob/#",
                                   "earshot/v1/token/+",
                                   "earshot/v1/token/own-bob",
                                   "earshot/v1/ingest/own-ann/#",
                                   "earshot/v1/ingest/#",
                                   "earshot/v1/status/#",
                                   "$SYS/#",
                                   "$SYS/broker/earshot/logins",
                                   "$SYS/broker/+/clients",
                                   "$CONTROL/#",
                                   "$CONTROL/earshot/v1",
                                   "$share/g/#",
                                   "$share/g/earshot/v1/geo/9q8/y/#",
                                   "$share/g/earshot/v1/status",
                                   "$queue/earshot/v1/status",
                                   "earshot/v1/geo/9q8/y" + std::string(60'000, 'y')};
  std::string deep = "earshot/v1/geo/9q8";
  for (int level = 0; level < 190; ++level) deep += "/y";
  filters.push_back(deep);
  return filters;
}

}  // namespace

TEST_CASE_METHOD(PluginCase,
                 "a forbidden filter is refused, and nothing comes of it",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient ann = client(version, "ann", token_of("ann"), transport);
  MqttClient relay = service("relay");
  for (const std::string& filter : forbidden_filters()) {
    CAPTURE(version, filter.substr(0, 60));
    CHECK(ann.subscribe(filter) == refused_filter(version));
    CHECK(ann.subscribe(filter, /*qos=*/2) == refused_filter(version));
  }
  // Several at once: each is judged for itself.
  CHECK(ann.subscribe(std::vector<std::string>{"#", "earshot/v1/users/own-ann/#", "+"}) ==
        std::vector<std::uint8_t>{refused_filter(version), 0, refused_filter(version)});
  for (const std::string& topic : kTopics) {
    REQUIRE(relay.publish({.topic = topic, .qos = 1}) == (topic.empty() ? 1 : 0x10));
  }
  CHECK(ann.ping());
  CHECK(ann.deliveries().empty());
}

TEST_CASE_METHOD(PluginCase,
                 "what the protocol itself forbids in a filter ends the connection",
                 "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  std::string too_deep = "earshot/v1/geo/9q8";
  for (int level = 0; level < 250; ++level) too_deep += "/y";
  for (const std::string& filter : {std::string{},
                                    std::string{"earshot/v1/status\0", 18},
                                    std::string{"earshot/v1/geo/9q8/y/#/x"},
                                    std::string{"earshot/v1/geo/9q8/y#"},
                                    std::string{"earshot/v1/users/own-an+/#"},
                                    std::string{"earshot/v1/geo/9q8/y/\xff"},
                                    too_deep}) {
    CAPTURE(version, filter.substr(0, 60));
    MqttClient ann = client(version, "ann", token_of("ann"));
    const auto answer = ann.subscribe(filter);
    CHECK((!answer || *answer >= 0x80));
  }
  CHECK(is_sound());
}

TEST_CASE_METHOD(PluginCase, "everybody hears what is theirs", "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  const Transport transport = GENERATE(Transport::kTcp, Transport::kWebSocket);
  MqttClient ann = client(version, "ann", token_of("ann"), transport);
  MqttClient relay = service("relay");
  for (const char* filter : {"earshot/v1/geo/9q8/y/#",
                             "earshot/v1/head/9q8/y/+",
                             "earshot/v1/users/own-ann/#",
                             "earshot/v1/status"}) {
    CAPTURE(filter);
    CHECK(ann.subscribe(filter) == kAccepted);
  }
  const std::vector<std::string> hers{"earshot/v1/geo/9q8/y/y/k/9",
                                      "earshot/v1/head/9q8/y/y",
                                      "earshot/v1/users/own-ann/jobs/1",
                                      "earshot/v1/users/own-ann/replies",
                                      "earshot/v1/status"};
  for (const auto& topics : {kTopics, hers}) {
    for (const std::string& topic : topics) {
      REQUIRE(relay.publish({.topic = topic, .qos = 1}).has_value());
    }
  }
  CHECK(ann.ping());
  std::vector<std::string> heard;
  for (const auto& delivery : ann.deliveries()) heard.push_back(delivery.topic);
  std::vector<std::string> expected{
      "earshot/v1/geo/9q8/y/y/k/9", "earshot/v1/head/9q8/y/y", "earshot/v1/status"};
  expected.insert(expected.end(), hers.begin(), hers.end());
  CHECK(heard == expected);
}

TEST_CASE_METHOD(PluginCase, "a client holds 256 filters, and no more", "[integration][broker]") {
  const Mqtt version = GENERATE(Mqtt::k311, Mqtt::k5);
  MqttClient ann = client(version, "ann", token_of("ann"));
  std::vector<std::string> filters;
  for (int count = 0; count < 1000; ++count) {
    filters.push_back("earshot/v1/users/own-ann/jobs/" + std::to_string(count));
  }
  const std::vector<std::uint8_t> answers = ann.subscribe(filters);
  CHECK(std::ranges::count(answers, kAccepted) == 256);
  CHECK(std::ranges::count(answers, refused_filter(version)) == 744);
  CHECK(ann.subscribe("earshot/v1/status") == refused_filter(version));
  ann.unsubscribe(filters[0]);
  CHECK(ann.subscribe("earshot/v1/status") == kAccepted);
  CHECK(ann.subscribe(filters[0]) == refused_filter(version));

  // Going and coming back begins anew.
  ann.disconnect();
  CHECK(client(version, "ann", token_of("ann")).subscribe(filters[0]) == kAccepted);
}

TEST_CASE_METHOD(PluginCase,
                 "service accounts are ruled by the access file",
                 "[integration][broker]") {
  MqttClient watcher = service("watcher");
  MqttClient relay = service("relay");
  // The broker's own rules let everybody subscribe, and then deliver nothing.
  REQUIRE(watcher.subscribe("earshot/v1/#") == kAccepted);
  REQUIRE(relay.subscribe("$SYS/#") == kAccepted);
  CHECK(watcher.publish({.topic = "earshot/v1/status", .qos = 1}) == kNotAuthorized);
  CHECK(relay.publish({.topic = "earshot/v1/status", .qos = 1}).has_value());
  CHECK(watcher.ping());
  CHECK(relay.ping());
  CHECK(watcher.deliveries().empty());
  CHECK(relay.deliveries().empty());
  REQUIRE(watcher.subscribe("$SYS/broker/version") == kAccepted);
  CHECK(watcher.ping());
  CHECK(watcher.deliveries().size() == 1);
}
