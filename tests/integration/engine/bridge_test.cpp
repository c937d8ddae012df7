#include "base/error.hpp"
#include "base/json.hpp"
#include "bridge_case.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using bridge_test::are_in_order;
using bridge_test::BridgeCase;
using bridge_test::first_deliveries;
using bridge_test::sorted;
using engine::bridge::BridgeState;
using support::eventually;
using support::Subscriber;
using namespace std::chrono_literals;

namespace {

constexpr auto kEvents = "earshot/v1/geo/#";

}  // namespace

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
                 "a broker that is killed in the middle of a stream costs no event",
                 "[integration][bridge]") {
  auto before = std::make_unique<Subscriber>(broker, kEvents);
  const auto bridge = start_bridge();
  append(600);
  REQUIRE(eventually([&] { return before->deliveries().size() > 50; }));

  broker.kill();
  append(400);
  REQUIRE(eventually([&] { return !bridge->is_connected(); }));
  auto deliveries = before->deliveries();
  before.reset();
  CHECK(first_deliveries(deliveries).size() < 1000);

  // A new broker knows no subscriber: the relay may only publish when there is one again.
  broker.deny(std::string{bridge_test::kRelayUser}, kEvents);
  broker.start();
  const Subscriber after{broker, kEvents};
  broker.allow_all();
  broker.reload();

  REQUIRE(saves_position_of_all());
  const auto all = [&] {
    auto both = deliveries;
    for (const auto& delivery : after.deliveries()) both.push_back(delivery);
    return both;
  };
  CHECK(eventually([&] { return first_deliveries(all()).size() >= 1000; }));
  CHECK(sorted(first_deliveries(all())) == logged());
  CHECK(are_in_order(all()));
}

TEST_CASE_METHOD(BridgeCase,
                 "a refused event is never marked, and flows when the broker's rules are mended",
                 "[integration][bridge]") {
  broker.stop();
  broker.deny(std::string{bridge_test::kRelayUser}, "earshot/v1/geo/9q8/y/y/k/9");
  broker.start();
  const Subscriber subscriber{broker, kEvents};
  const auto bridge = start_bridge();
  append_to("u33dc00");
  REQUIRE(saves_position_of_all());
  const auto position = saved_position();

  append_to("9q8yyk9");
  append_to("9q8yyk8");
  append_to("u33dc00");
  REQUIRE(eventually([&] { return bridge->state().refused >= 3; }));
  CHECK(saved_position() == position);

  broker.allow_all();
  broker.reload();
  REQUIRE(saves_position_of_all());
  CHECK(eventually([&] { return first_deliveries(subscriber.deliveries()).size() == 4; }));
  CHECK(are_in_order(subscriber.deliveries()));
}

TEST_CASE_METHOD(BridgeCase,
                 "a broker that does not answer stops the relay, not its events",
                 "[integration][bridge]") {
  const Subscriber subscriber{broker, kEvents};
  const auto bridge = start_bridge();
  REQUIRE(eventually([&] { return bridge->is_connected(); }));
  append(10);
  REQUIRE(saves_position_of_all());

  broker.freeze();
  append(300);  // More than the lanes hold, so that reading stops too.
  CHECK(bridge->state().accepted == 10);
  broker.thaw();

  REQUIRE(saves_position_of_all());
  CHECK(eventually([&] { return first_deliveries(subscriber.deliveries()).size() == 310; }));
  CHECK(are_in_order(subscriber.deliveries()));
}

TEST_CASE_METHOD(BridgeCase,
                 "of two bridges one relays, and the other takes over from a dead one",
                 "[integration][bridge]") {
  const Subscriber subscriber{broker, kEvents};
  const auto first = start_bridge();
  REQUIRE(eventually([&] { return first->state().role == BridgeState::Role::kLeading; }));
  const auto second = start_bridge();
  REQUIRE(eventually([&] { return second->is_connected(); }));
  CHECK(second->state().role == BridgeState::Role::kStandby);
  append(200);
  REQUIRE(saves_position_of_all());

  const auto term = value_of("select term from engine.leader");
  append(200);
  cut_leader();
  REQUIRE(eventually([&] { return value_of("select term from engine.leader") != term; }, 2s));
  append(200);

  REQUIRE(saves_position_of_all());
  CHECK(eventually([&] { return first_deliveries(subscriber.deliveries()).size() == 600; }));
  CHECK(sorted(first_deliveries(subscriber.deliveries())) == logged());
  CHECK(are_in_order(subscriber.deliveries()));
  CHECK(eventually([&] {
    const auto is_leading = [](const auto& bridge) {
      return bridge->state().role == BridgeState::Role::kLeading;
    };
    return is_leading(first) != is_leading(second) && first->is_connected() &&
           second->is_connected();
  }));
}

TEST_CASE_METHOD(BridgeCase, "a bridge that stops hands over at once", "[integration][bridge]") {
  auto first = start_bridge();
  REQUIRE(eventually([&] { return first->state().role == BridgeState::Role::kLeading; }));
  const auto second = start_bridge();

  const auto stop_began = clock.monotonic();
  first.reset();
  CHECK(clock.monotonic() - stop_began < 3s);
  CHECK(eventually([&] { return second->state().role == BridgeState::Role::kLeading; }, 2s));
}

TEST_CASE_METHOD(BridgeCase,
                 "the relay goes on where it was when all its database sessions are killed",
                 "[integration][bridge]") {
  const Subscriber subscriber{broker, kEvents};
  const auto bridge = start_bridge();
  for (int round = 0; round < 3; ++round) {
    append(200);
    for (const pg::Row row : onlooker().query(
             "select pid from pg_stat_activity "
             "where datname = current_database() and application_name = 'earshot relay'")) {
      terminate_backend(row.get<int>(0));
    }
  }
  REQUIRE(saves_position_of_all());
  CHECK(eventually([&] { return first_deliveries(subscriber.deliveries()).size() == 600; }));
  CHECK(sorted(first_deliveries(subscriber.deliveries())) == logged());
  CHECK(are_in_order(subscriber.deliveries()));
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
