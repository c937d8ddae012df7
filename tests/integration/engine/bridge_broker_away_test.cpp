#include "bridge_case.hpp"
#include "bridge_proxy.hpp"

#include <catch2/catch.hpp>

using bridge_test::are_in_order;
using bridge_test::Audience;
using bridge_test::BridgeCase;
using bridge_test::BrokerProxy;
using bridge_test::first_deliveries;
using bridge_test::Offsets;
using bridge_test::quick_options;
using bridge_test::sorted;
using support::eventually;
using namespace std::chrono_literals;

TEST_CASE_METHOD(BridgeCase,
                 "a broker that dies in the middle of full windows costs no event",
                 "[integration][bridge]") {
  support::BrokerFixture remembering{std::nullopt, support::BrokerMemory::kKept};
  const bool is_wiped = GENERATE(false, true);
  CAPTURE(is_wiped);
  support::BrokerFixture& broker_under_test = is_wiped ? remembering : broker;

  Audience audience{broker_under_test};
  BrokerProxy proxy{broker_under_test.port()};
  auto options = quick_options(proxy.url());
  options.reply_most = 20s;
  options.lane_capacity = 512;
  const auto bridge = start_bridge(options);
  for (int death = 0; death < 2; ++death) {
    append(100);
    REQUIRE(saves_position_of_all());
    REQUIRE(audience.hears(logged()));
    const auto accepted = saved_position();

    // The broker takes the windows and hands them on, and nobody is told.
    proxy.swallow_acks();
    const auto heard_before = audience.heard().size();
    append(300);
    const auto in_flight = bridge_test::places_in_use(options.connections) * options.window;
    REQUIRE(eventually([&] { return audience.heard().size() == heard_before + in_flight; }));
    is_wiped ? broker_under_test.wipe() : broker_under_test.kill();
    proxy.refuse();
    REQUIRE(eventually([&] { return !bridge->is_connected(); }));
    CHECK(bridge->state().position == accepted);
    CHECK(saved_position() == accepted);

    broker_under_test.start();
    audience.come_back();  // A new broker knows no subscriber; the relay has to come after it.
    proxy.pass();
  }
  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
  const support::Subscriber late{broker_under_test, "earshot/v1/status"};
  REQUIRE(eventually([&] { return !late.deliveries().empty(); }));
  CHECK(late.deliveries().back().payload == "online");
}

TEST_CASE_METHOD(BridgeCase,
                 "a broker that stops for a moment costs neither an event nor a repeat",
                 "[integration][bridge]") {
  const Audience audience{broker};
  auto options = quick_options(broker.url());
  options.reply_most = 20s;
  const auto bridge = start_bridge(options);
  REQUIRE(eventually([&] { return bridge->is_connected(); }));
  append(10);
  REQUIRE(saves_position_of_all());

  broker.freeze();
  append(300);  // More than the lanes hold, so that reading stops too.
  CHECK(bridge->state().accepted == 10);
  broker.thaw();

  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
  CHECK(audience.heard().size() == 310);
}

TEST_CASE_METHOD(BridgeCase,
                 "a broker that stops for long loses its connections, and nothing else",
                 "[integration][bridge]") {
  const Audience audience{broker};
  const auto bridge = start_bridge();
  append(10);
  REQUIRE(saves_position_of_all());
  const auto position = saved_position();

  broker.freeze();
  const auto frozen_at = clock.monotonic();
  append(300);
  REQUIRE(eventually([&] { return !bridge->is_connected(); }));
  REQUIRE(eventually([&] { return clock.monotonic() >= frozen_at + 5500ms; }));
  CHECK(bridge->state().accepted == 10);
  CHECK(saved_position() == position);
  broker.thaw();

  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));  // The same subscription all the time.
  CHECK(are_in_order(audience.heard()));
}

TEST_CASE_METHOD(BridgeCase,
                 "what is never acknowledged is published again on new connections, never marked",
                 "[integration][bridge]") {
  const Audience audience{broker};
  BrokerProxy proxy{broker.port()};
  auto options = quick_options(proxy.url());
  options.reply_most = 300ms;
  const auto bridge = start_bridge(options);
  REQUIRE(eventually([&] { return bridge->is_connected(); }));
  append(10);
  REQUIRE(saves_position_of_all());
  const auto position = saved_position();
  const auto connections = proxy.accepted();

  const auto places = bridge_test::places_in_use(options.connections);
  proxy.swallow_acks();
  append(60);
  REQUIRE(eventually([&] { return proxy.accepted() >= connections + 2 * places; }));
  CHECK(audience.heard().size() > 10 + 2 * places);
  CHECK(bridge->state().accepted == 10);
  CHECK(saved_position() == position);

  proxy.pass();
  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}

TEST_CASE_METHOD(BridgeCase,
                 "one connection that is stuck holds up its own areas and the position, "
                 "and nobody else",
                 "[integration][bridge]") {
  const Audience audience{broker};
  BrokerProxy proxy{broker.port()};
  auto options = quick_options(proxy.url());
  options.reply_most = 20s;
  const auto bridge = start_bridge(options);
  REQUIRE(eventually([&] { return bridge->is_connected(); }));

  const std::string stuck_cell = bridge_test::cells().front();
  const auto stuck = bridge_test::place_of(stuck_cell, options.connections);
  proxy.stall("relay-" + std::to_string(stuck));
  append_to(stuck_cell);
  const auto first_stuck = logged().back();
  Offsets others;
  for (int round = 0; round < 3; ++round) {
    for (const std::string& cell : bridge_test::cells()) {
      append_to(cell);
      if (bridge_test::place_of(cell, options.connections) != stuck) {
        others.push_back(logged().back());
      }
    }
  }
  REQUIRE(others.size() >= 3);
  CHECK(audience.hears(others));
  CHECK(sorted(first_deliveries(audience.heard())) == others);
  CHECK(eventually([&] { return bridge->state().accepted == others.size(); }));
  CHECK(bridge->state().position == first_stuck - 1);
  CHECK(bridge->is_connected());

  proxy.pass();
  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}
