#include "bridge_case.hpp"
#include "bridge_proxy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using bridge_test::are_in_order;
using bridge_test::Audience;
using bridge_test::BridgeCase;
using bridge_test::BridgeProcess;
using bridge_test::cells;
using bridge_test::Deliveries;
using bridge_test::kRelayUser;
using bridge_test::place_of;
using support::eventually;
using namespace std::chrono_literals;

namespace {

constexpr auto kDenied = "9q8yyk9";
constexpr auto kDeniedTopic = "earshot/v1/geo/9q8/y/y/k/9";
constexpr std::size_t kConnections = 3;  // As in quick_options().

// A cell whose events go over another connection than those of the denied one.
std::string elsewhere() {
  const auto found = std::find_if(cells().begin(), cells().end(), [](const std::string& cell) {
    return place_of(cell, kConnections) != place_of(kDenied, kConnections);
  });
  REQUIRE(found != cells().end());
  return *found;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

std::size_t heard_on(const Deliveries& heard, const std::string& topic) {
  return static_cast<std::size_t>(std::count_if(
      heard.begin(), heard.end(), [&](const auto& delivery) { return delivery.topic == topic; }));
}

}  // namespace

TEST_CASE_METHOD(BridgeCase,
                 "events that the broker begins to refuse are never marked, the others go on, and "
                 "all flow in order when its rules are mended",
                 "[integration][bridge]") {
  const Audience audience{broker};
  const auto bridge = start_bridge();
  append_to(elsewhere());
  REQUIRE(saves_position_of_all());

  broker.deny(kRelayUser, kDeniedTopic);
  broker.reload();
  // The broker reads its rules when it comes to it.
  REQUIRE(eventually([&] {
    append_to(kDenied);
    return bridge->state().refused > 0;
  }));
  const auto position = bridge->state().position;
  const auto accepted = bridge->state().accepted;
  const auto heard = heard_on(audience.heard(), kDeniedTopic);
  const auto refused = bridge->state().refused;
  for (int i = 0; i < 10; ++i) append_to("9q8yyk8");  // On the same connection, behind them.
  for (int i = 0; i < 10; ++i) append_to(elsewhere());

  REQUIRE(eventually([&] { return bridge->state().accepted >= accepted + 10; }));
  REQUIRE(eventually([&] { return bridge->state().refused >= refused + 3; }));
  CHECK(heard_on(audience.heard(), kDeniedTopic) == heard);
  CHECK(bridge->is_connected());
  CHECK(bridge->state().position == position);
  CHECK(saved_position() <= position);

  broker.allow_all();
  broker.reload();
  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}

TEST_CASE_METHOD(BridgeCase, "a refusal is said once, and its end once", "[integration][bridge]") {
  broker.deny(kRelayUser, kDeniedTopic);
  broker.reload();
  const Audience audience{broker};
  bridge_test::BrokerProxy proxy{broker.port()};
  const BridgeProcess bridge{options().url, proxy.url()};
  append_to(kDenied);
  append_to("9q8yyk8");
  constexpr auto kRefused = "the broker refused an event";
  REQUIRE(eventually([&] { return occurrences(bridge.log(), kRefused) == 1; }));

  // Each attempt publishes the refused event, and the pause between two is 200 ms at most.
  const auto publishes = proxy.publishes();
  REQUIRE(eventually([&] { return proxy.publishes() >= publishes + 5; }));
  CHECK(occurrences(bridge.log(), kRefused) == 1);
  CHECK(bridge.log().find("reason_code=135") != std::string::npos);
  CHECK(saved_position() == 0);

  broker.allow_all();
  broker.reload();
  REQUIRE(saves_position_of_all());
  CHECK(eventually([&] {
    return occurrences(bridge.log(), "the broker takes events again that it had refused") == 1;
  }));
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}
