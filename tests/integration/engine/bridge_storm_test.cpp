#include "bridge_case.hpp"
#include "bridge_proxy.hpp"

#include <catch2/catch.hpp>

#include <malloc.h>

#include <filesystem>
#include <iterator>
#include <random>

// Debian's g++ comes without sanitizer/allocator_interface.h.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();

using bridge_test::append_events;
using bridge_test::are_in_order;
using bridge_test::Audience;
using bridge_test::BridgeCase;
using bridge_test::BrokerProxy;
using bridge_test::cells;
using bridge_test::quick_options;
using support::eventually;
using namespace std::chrono_literals;

namespace {

std::size_t live_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

std::size_t entries(const char* folder) {
  const std::filesystem::directory_iterator all{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// What a process has taken of the machine.
struct Usage {
  std::size_t descriptors = entries("/proc/self/fd");
  std::size_t threads = entries("/proc/self/task");
  std::size_t bytes = live_bytes();
};

/// A broker whose connections end as soon as they are made.
class StormCase : public BridgeCase {
 public:
  void endure(std::size_t attempts_wanted);

  BrokerProxy proxy{broker.port()};
};

void StormCase::endure(std::size_t attempts_wanted) {
  const Audience audience{broker};
  auto options = quick_options(proxy.url());
  options.connections = 8;
  options.retry_first = 2ms;
  options.retry_most = 40ms;
  const auto bridge = start_bridge(options);
  append(100);
  REQUIRE(eventually([&] { return proxy.accepted() >= 50; }));

  const Usage before;
  const auto attempts_before = proxy.accepted();
  const auto began = clock.monotonic();
  REQUIRE(eventually([&] { return proxy.accepted() >= attempts_before + attempts_wanted; }, 60s));
  const auto attempts = static_cast<std::int64_t>(proxy.accepted() - attempts_before);
  const auto took = clock.monotonic() - began;
  const Usage after;

  // Of two attempts of a connection the second comes 20 to 40 ms after the end of the first.
  CHECK(attempts <= 8 * (took / 20ms + 1));
  CHECK(after.threads == before.threads);
  CHECK(after.descriptors <= before.descriptors + 8);
  CHECK(after.bytes <= before.bytes + 256 * 1024);
  CHECK(saved_position() == 0);

  proxy.pass();
  REQUIRE(saves_position_of_all());
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}

}  // namespace

TEST_CASE_METHOD(StormCase,
                 "a broker that drops every connection, 200 times, costs pauses and nothing else",
                 "[integration][bridge]") {
  proxy.refuse();
  endure(200);
}

// The library takes 1.2 s for a round of all connections, so this one is long.
TEST_CASE_METHOD(StormCase,
                 "a broker that greets and drops, 200 times, costs pauses and nothing else",
                 "[.full][integration][bridge]") {
  proxy.drop_after_greeting();
  endure(200);
}

TEST_CASE_METHOD(BridgeCase,
                 "while the broker takes nothing the relay holds no more than it may, keeps its "
                 "lease, and stops in time",
                 "[integration][bridge]") {
  constexpr std::size_t kData = 8 * 1024;
  for (int i = 0; i < 75; ++i) {
    append_events(onlooker(), std::vector<std::string>(20, cells()[0]), kData);
  }
  BrokerProxy proxy{broker.port()};
  proxy.stall("relay-");
  auto options = quick_options(proxy.url());
  options.reply_most = 20s;
  options.lane_capacity = 65536;
  options.held_bytes_max = 1024 * 1024;
  options.read_max = 16;
  const auto before = live_bytes();
  auto bridge = start_bridge(options);
  REQUIRE(eventually([&] { return live_bytes() >= before + options.held_bytes_max; }));
  REQUIRE(eventually([&] { return bridge->is_connected(); }));

  // What is in a window is held twice, and once more while it is written. The log is 12 MB.
  const auto began = clock.monotonic();
  CHECK(eventually([&] {
    CHECK(live_bytes() < before + 5 * options.held_bytes_max);
    return clock.monotonic() >= began + 3500ms;  // The lease is renewed every 3 s.
  }));
  CHECK(term() == 1);
  CHECK(value_of("select leased_until > clock_timestamp() + interval '5 s' from engine.leader") ==
        "t");
  CHECK(bridge->state().accepted == 0);
  const auto stop_began = clock.monotonic();
  bridge.reset();
  CHECK(clock.monotonic() - stop_began < 3s);
}

TEST_CASE_METHOD(BridgeCase,
                 "an event is heard soon after its commit, also the first one after a pause",
                 "[integration][bridge]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand random{seed};
  const Audience audience{broker};
  const auto bridge = start_bridge();
  REQUIRE(eventually([&] { return bridge->is_connected(); }));

  int slow = 0;
  for (int i = 0; i < 100; ++i) {
    const auto next_at = clock.monotonic() + std::chrono::milliseconds{random() % 20};
    REQUIRE(eventually([&] { return clock.monotonic() >= next_at; }));
    const auto appended_at = clock.monotonic();
    const auto count = audience.heard().size();
    append_to(cells()[random() % cells().size()]);
    append_to(cells()[random() % cells().size()]);
    REQUIRE(eventually([&] { return audience.heard().size() == count + 2; }));
    if (clock.monotonic() - appended_at > 700ms) ++slow;
  }
  CHECK(slow <= 3);  // A busy machine is slow by itself now and then.
}

TEST_CASE_METHOD(BridgeCase,
                 "one lost connection is replaced soon, though the others are idle",
                 "[integration][bridge]") {
  BrokerProxy proxy{broker.port()};
  const auto bridge = start_bridge(proxy.url());
  REQUIRE(eventually([&] { return bridge->is_connected(); }));
  for (int i = 0; i < 3; ++i) {
    proxy.cut("relay-1");
    REQUIRE(eventually([&] { return !bridge->is_connected(); }));
    const auto lost_at = clock.monotonic();
    REQUIRE(eventually([&] { return bridge->is_connected(); }));
    CHECK(clock.monotonic() - lost_at < 800ms);
  }
}
