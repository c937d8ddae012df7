#include "base/error.hpp"
#include "base/json.hpp"
#include "bridge_case.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using bridge_test::are_in_order;
using bridge_test::BridgeCase;
using bridge_test::first_deliveries;
using bridge_test::kEvents;
using bridge_test::sorted;
using engine::bridge::BridgeState;
using support::eventually;
using support::Subscriber;
using namespace std::chrono_literals;

TEST_CASE_METHOD(BridgeCase,
                 "every event of the log arrives once, on its topic, in offset order",
                 "[integration][bridge]") {
  const Subscriber subscriber{broker, kEvents};
  append_to("9q8yyk9");
  const auto bridge = start_bridge();
  append(500);

  REQUIRE(saves_position_of_all());
  REQUIRE(eventually([&] { return subscriber.deliveries().size() >= 501; }));
  const auto deliveries = subscriber.deliveries();
  CHECK(deliveries.size() == 501);
  CHECK(sorted(first_deliveries(deliveries)) == logged());
  CHECK(are_in_order(deliveries));

  const auto first = std::find_if(deliveries.begin(), deliveries.end(), [](const auto& delivery) {
    return base::Json::parse(delivery.payload).at("offset") == 1;
  });
  REQUIRE(first != deliveries.end());
  CHECK(first->topic == "earshot/v1/geo/9q8/y/y/k/9");
  const auto envelope = base::Json::parse(first->payload);
  CHECK(envelope.at("epoch") == value_of("select engine.epoch()"));
  CHECK(envelope.at("data") == base::Json{{"text", "hello"}});
}

TEST_CASE_METHOD(BridgeCase,
                 "a bridge says online while it relays, and offline when it stops or dies",
                 "[integration][bridge]") {
  const auto status = [&] {
    const Subscriber late{broker, "earshot/v1/status"};
    const auto deliveries = late.deliveries();
    return deliveries.empty() ? "" : deliveries.back().payload;
  };
  CHECK(status().empty());

  auto bridge = start_bridge();
  REQUIRE(eventually([&] { return bridge->is_connected(); }));
  CHECK(eventually([&] { return status() == "online"; }));

  bridge.reset();
  CHECK(status() == "offline");
}

TEST_CASE_METHOD(BridgeCase,
                 "a bridge starts without its broker and stops in time",
                 "[integration][bridge]") {
  broker.stop();
  auto bridge = start_bridge();
  append(100);
  REQUIRE(eventually([&] { return bridge->state().role == BridgeState::Role::kLeading; }));
  CHECK_FALSE(bridge->is_connected());
  CHECK(saved_position() == 0);

  SECTION("and connects when it is there") {
    broker.start();
    CHECK(saves_position_of_all());
    CHECK(bridge->is_connected());
  }
  const auto stop_began = clock.monotonic();
  bridge.reset();
  CHECK(clock.monotonic() - stop_began < 3s);
}

TEST_CASE("a bridge starts without a database, and refuses options that cannot work",
          "[integration][bridge]") {
  const base::SystemClock clock;
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::WakeSignal appended;
  engine::bridge::BridgeOptions options;
  options.broker.url = "mqtt://127.0.0.1:1";
  const pg::ConnectionOptions nowhere{.url = "postgresql://nobody@127.0.0.1:1/none"};
  {
    const engine::bridge::Bridge bridge{nowhere, options, appended, clock, log};
    CHECK_FALSE(bridge.is_connected());
  }
  const auto construct = [&] { engine::bridge::Bridge{nowhere, options, appended, clock, log}; };
  options.window = 1000;  // The broker's own limit: the library would stall.
  CHECK_THROWS_AS(construct(), base::Error);
  options.window = 96;
  options.broker.url = "http://127.0.0.1:1";
  CHECK_THROWS_AS(construct(), base::Error);
}
