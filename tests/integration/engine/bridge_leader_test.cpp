#include "bridge_case.hpp"
#include "bridge_proxy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using bridge_test::are_in_order;
using bridge_test::Audience;
using bridge_test::BridgeCase;
using bridge_test::BridgeProcess;
using bridge_test::BrokerProxy;
using engine::bridge::BridgeState;
using support::eventually;
using namespace std::chrono_literals;

namespace {

bool is_leading(const std::unique_ptr<engine::bridge::Bridge>& bridge) {
  return bridge->state().role == BridgeState::Role::kLeading;
}

}  // namespace

TEST_CASE_METHOD(BridgeCase,
                 "of two bridges one relays, and the other takes over from a dead one",
                 "[integration][bridge]") {
  const Audience audience{broker};
  const auto first = start_bridge();
  REQUIRE(eventually([&] { return is_leading(first); }));
  const auto second = start_bridge();
  REQUIRE(eventually([&] { return second->is_connected(); }));
  CHECK(second->state().role == BridgeState::Role::kStandby);
  append(200);
  REQUIRE(saves_position_of_all());

  const auto first_term = term();
  append(200);
  cut_leader();
  REQUIRE(eventually([&] { return term() != first_term; }, 2s));
  append(200);

  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
  CHECK(eventually([&] {
    return is_leading(first) != is_leading(second) && first->is_connected() &&
           second->is_connected();
  }));
}

TEST_CASE_METHOD(BridgeCase, "a bridge that stops hands over at once", "[integration][bridge]") {
  auto first = start_bridge();
  REQUIRE(eventually([&] { return is_leading(first); }));
  const auto second = start_bridge();

  const auto stop_began = clock.monotonic();
  first.reset();
  CHECK(clock.monotonic() - stop_began < 3s);
  CHECK(eventually([&] { return is_leading(second); }, 2s));
}

TEST_CASE_METHOD(BridgeCase,
                 "a leader whose lease is stolen is cut off once, and does not fight back",
                 "[integration][bridge]") {
  const Audience audience{broker};
  BrokerProxy proxy{broker.port()};
  const auto first = start_bridge(proxy.url());
  REQUIRE(eventually([&] { return first->state().connected == 3; }));
  const auto second = start_bridge(proxy.url());
  REQUIRE(eventually([&] { return second->is_connected(); }));
  const auto connections = proxy.accepted();

  for (int theft = 0; theft < 3; ++theft) {
    append(100);
    const auto before = term();
    end_lease();
    REQUIRE(eventually([&] { return term() == before + 1; }));
    append(100);
    REQUIRE(saves_position_of_all());
    CHECK(eventually([&] { return is_leading(first) != is_leading(second); }));
  }
  // Each new leader connects three times. Whoever was cut off asks the database before it connects.
  CHECK(proxy.accepted() == connections + 3 * 3);
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
  const support::Subscriber late{broker, "earshot/v1/status"};
  REQUIRE(eventually([&] { return !late.deliveries().empty(); }));
  CHECK(late.deliveries().back().payload == "online");
}

TEST_CASE_METHOD(BridgeCase,
                 "a leader that was stopped is cut off by the next one, and finds when it wakes up "
                 "that it may do nothing",
                 "[integration][bridge]") {
  const Audience audience{broker};
  BrokerProxy zombies_way{broker.port()};
  BridgeProcess zombie{options().url, zombies_way.url()};
  append(100);
  REQUIRE(saves_position_of_all());
  REQUIRE(zombies_way.open() == 3);

  // It has sent a window, and its replies lie in front of it when it is stopped.
  const auto before = term();
  append(60);
  zombie.freeze();
  append(200);
  end_lease();  // The ten seconds are over.
  const auto heir = start_bridge();
  REQUIRE(eventually([&] { return heir->state().connected == 3; }));
  CHECK(eventually([&] { return zombies_way.open() == 0; }));
  CHECK(term() == before + 1);
  REQUIRE(saves_position_of_all());

  const auto position = saved_position();
  const auto connections = zombies_way.accepted();
  zombie.thaw();
  // It says so when it notices: at its next save, renewal, or attempt to connect.
  CHECK(eventually([&] {
    CHECK(saved_position() >= position);
    return zombie.log().find("another process relays now") != std::string::npos;
  }));
  append(100);
  REQUIRE(saves_position_of_all());
  CHECK(zombies_way.accepted() == connections);
  CHECK(term() == before + 1);
  CHECK(is_leading(heir));
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}

TEST_CASE_METHOD(BridgeCase,
                 "a leader that is killed at any moment costs no event",
                 "[integration][bridge]") {
  const Audience audience{broker};
  for (int death = 0; death < 3; ++death) {
    BridgeProcess leader{options().url, broker.url()};
    const auto heard_before = audience.heard().size();
    append(150);
    REQUIRE(eventually([&] { return audience.heard().size() > heard_before + 20; }));
    leader.kill();
  }
  const auto last = start_bridge();
  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}
