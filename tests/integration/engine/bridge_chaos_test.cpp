#include "base/pause.hpp"
#include "bridge_case.hpp"
#include "bridge_proxy.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>

using bridge_test::append_events;
using bridge_test::are_in_order;
using bridge_test::Audience;
using bridge_test::BridgeCase;
using bridge_test::BridgeProcess;
using bridge_test::BrokerProxy;
using bridge_test::cells;
using bridge_test::Offsets;
using namespace std::chrono_literals;

namespace {

/// Two bridges, a broker and a network between them, to which harm is done; and writers.
class Chaos : public BridgeCase {
 public:
  /// Strikes for `duration`; what was marked has always been heard.
  void rage(std::chrono::seconds duration);

 private:
  using Bridge = std::unique_ptr<BridgeProcess>;

  void start(unsigned seed) {
    random_.seed(seed);
    for (auto& bridge : bridges_) restart(bridge);
    for (unsigned i = 0; i < 3; ++i) {
      writers_.emplace_back(
          [this, i, seed](const std::stop_token& stop) { write(stop, seed + i); });
    }
  }

  /// Does one thing by chance, and mends it.
  void strike() {
    const std::array harms{&Chaos::kill_a_bridge,
                           &Chaos::stop_a_bridge,
                           &Chaos::kill_the_broker,
                           &Chaos::stop_the_broker,
                           &Chaos::cut_the_network,
                           &Chaos::lose_replies,
                           &Chaos::kill_the_leaders_session,
                           &Chaos::take_the_lease};
    (this->*harms[random_() % harms.size()])();
  }

  void wait_a_moment(unsigned least_ms, unsigned most_ms) {
    base::pause({}, std::chrono::milliseconds{least_ms + random_() % (most_ms - least_ms)});
  }

  void write(const std::stop_token& stop, unsigned seed) {
    std::minstd_rand random{seed};
    pg::Connection connection{options()};
    while (!stop.stop_requested()) {
      std::vector<std::string> where(1 + random() % 8);
      for (std::string& cell : where) cell = cells()[random() % cells().size()];
      pg::Transaction tx{connection};
      append_events(tx, where);
      if (random() % 50 == 0) base::pause(stop, 100ms);  // Others wait for this commit.
      tx.commit();
      base::pause(stop, std::chrono::milliseconds{random() % 30});
    }
  }

  void restart(Bridge& bridge) {
    bridge.reset();
    bridge = std::make_unique<BridgeProcess>(options().url, proxy_.url());
  }

  Bridge& any_bridge() { return bridges_[random_() % bridges_.size()]; }

  void kill_a_bridge() {
    Bridge& bridge = any_bridge();
    bridge->kill();
    wait_a_moment(0, 200);
    restart(bridge);
  }
  void stop_a_bridge() {
    Bridge& bridge = any_bridge();
    bridge->freeze();
    if (random_() % 2 == 0) end_lease();
    wait_a_moment(50, 800);
    bridge->thaw();
  }
  void kill_the_broker() {
    broker.kill();
    proxy_.refuse();
    wait_a_moment(0, 200);
    broker.start();
    audience_.come_back();
    proxy_.pass();
  }
  void stop_the_broker() {
    broker.freeze();
    wait_a_moment(50, 1500);  // Replies are waited for one second.
    broker.thaw();
  }
  void cut_the_network() { proxy_.cut("relay-" + std::to_string(random_() % 3)); }
  void lose_replies() {
    proxy_.swallow_acks();
    wait_a_moment(50, 500);
    proxy_.pass();
  }
  void kill_the_leaders_session() {
    onlooker().query(
        "select pg_terminate_backend(holder_pid) from engine.leader where holder_pid is not null");
  }
  void take_the_lease() { end_lease(); }

  Audience audience_{broker};
  std::minstd_rand random_;
  BrokerProxy proxy_{broker.port()};
  std::array<Bridge, 2> bridges_;
  std::vector<std::jthread> writers_;
};

void Chaos::rage(std::chrono::seconds duration) {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  start(seed);
  const auto end = clock.monotonic() + duration;
  std::int64_t newest_position = 0;
  while (clock.monotonic() < end) {
    strike();
    wait_a_moment(100, 700);
    const auto position = saved_position();
    REQUIRE(position >= newest_position);
    newest_position = position;
    Offsets marked = logged();
    marked.erase(std::upper_bound(marked.begin(), marked.end(), position), marked.end());
    REQUIRE(audience_.hears(marked));
  }
  writers_.clear();

  REQUIRE(saves_position_of_all());
  CHECK(audience_.hears(logged()));
  CHECK(are_in_order(audience_.heard()));
  CHECK(logged().size() > 500);
}

}  // namespace

TEST_CASE_METHOD(Chaos,
                 "whatever happens to bridges, broker and network, every event is heard, first "
                 "deliveries come in order, and the position is never ahead",
                 "[integration][bridge]") {
  rage(8s);
}

TEST_CASE_METHOD(Chaos,
                 "three minutes of harm to bridges, broker and network cost no event",
                 "[.full][integration][bridge]") {
  rage(180s);
}
