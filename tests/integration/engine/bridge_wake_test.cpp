#include "bridge_case.hpp"
#include "pg/listener.hpp"
#include "pg/notifier.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using bridge_test::append_events;
using support::eventually;

namespace {

constexpr auto kNever = 1h;
constexpr auto kChannel = "earshot_events";

/// A relay that never looks by itself once all is well, and another process that appends events.
class WakeCase : public bridge_test::BridgeCase {
 public:
  void listen_through(pg::Notifier& probing, pg::ListenerOptions listening = {}) {
    listener.emplace(options(),
                     std::vector<pg::Subscription>{{.channel = kChannel, .signal = &appended}},
                     probing,
                     log,
                     listening);
  }
  [[nodiscard]] std::unique_ptr<engine::bridge::Bridge> start() {
    engine::bridge::BridgeOptions bridge;
    bridge.broker.url = broker.url();
    bridge.poll_least = kNever;
    bridge.poll_most = 20ms;
    bridge.poll_heard = kNever;
    bridge.listener = &*listener;
    auto started = start_bridge(bridge);
    REQUIRE(eventually([&] { return started->is_connected(); }));
    return started;
  }

  pg::Notifier notifier{options(), log};
  std::optional<pg::Listener> listener;
};

}  // namespace

TEST_CASE_METHOD(WakeCase,
                 "the relay hears of events that another process appended",
                 "[integration][bridge][wake]") {
  const bridge_test::Audience audience{broker};
  listen_through(notifier);
  REQUIRE(eventually([&] { return listener->is_healthy(); }));
  const auto bridge = start();

  for (std::uint64_t round = 1; round <= 3; ++round) {
    append_events(onlooker(), {bridge_test::cells()[0], bridge_test::cells()[1]});
    notifier.notify(kChannel);

    CHECK(audience.hears(logged()));
    // The relay may have been awake already, and publish before the notice is there.
    CHECK(eventually([&] { return listener->facts().notices >= round; }));
    CHECK(listener->facts().notices == round);
  }
}

TEST_CASE_METHOD(WakeCase,
                 "a relay that hears nothing of other processes goes on polling quickly",
                 "[integration][bridge][wake]") {
  const bridge_test::Audience audience{broker};
  pg::ConnectionOptions elsewhere = options();
  elsewhere.url = pg::with_database(elsewhere.url, "postgres");
  pg::Notifier unheard{elsewhere, log};
  listen_through(unheard, {.probe_reply_max = 50ms, .retry_first = 24h, .retry_most = 24h});
  REQUIRE(eventually([&] { return listener->facts().probes_lost == 1; }));
  const auto bridge = start();

  append_events(onlooker(), {bridge_test::cells()[0]});

  CHECK(audience.hears(logged()));
  CHECK(listener->facts().notices == 0);
}
