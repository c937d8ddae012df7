#include "pg/listener.hpp"

#include "integration/pg/pg_case.hpp"
#include "integration/pg/relay.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using support::eventually;

namespace {

constexpr auto kLong = 10min;

/// Listens to the channels `red` and `blue`, and speaks on them.
class ListenerCase : public pg_test::PgCase {
 public:
  [[nodiscard]] pg::ConnectionOptions named(const char* name) const {
    pg::ConnectionOptions named = options();
    named.application_name = name;
    return named;
  }
  [[nodiscard]] std::unique_ptr<pg::Listener> listen(pg::ListenerOptions options = {}) {
    return std::make_unique<pg::Listener>(
        named("listening"),
        std::vector<pg::Subscription>{{.channel = "red", .signal = &red},
                                      {.channel = "blue", .signal = &blue}},
        notifier,
        log,
        options);
  }
  /// Waits for good health, and takes the notices that come with it.
  void become_healthy(const pg::Listener& listener) {
    REQUIRE(eventually([&] { return listener.is_healthy(); }));
    REQUIRE(is_notified(red));
    REQUIRE(is_notified(blue));
  }
  [[nodiscard]] static bool is_notified(base::WakeSignal& signal) {
    return signal.wait_for(std::stop_token{}, 20s);
  }
  [[nodiscard]] int pid_of(const std::string& name) {
    std::string pid;
    REQUIRE(eventually([&] {
      pid =
          value_of("select coalesce(min(pid), 0) from pg_stat_activity where application_name = '" +
                   name + "' and datname = current_database()");
      return pid != "0";
    }));
    return std::stoi(pid);
  }

  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  base::WakeSignal red;
  base::WakeSignal blue;
  pg::Notifier notifier{named("notifying"), log};
};

}  // namespace

TEST_CASE_METHOD(ListenerCase, "a notice reaches the signal of its channel", "[pg][listener]") {
  const auto listener = listen();
  become_healthy(*listener);

  SECTION("of our notifier") {
    notifier.notify("red");
  }
  SECTION("of any other connection") {
    onlooker().query("notify red, 'anything'");
  }

  CHECK(is_notified(red));
  CHECK_FALSE(blue.wait_for(std::stop_token{}, 1ms));
  CHECK(listener->facts().notices == 1);
}

TEST_CASE_METHOD(ListenerCase, "notices that come together are sent once", "[pg][listener]") {
  pg::Notifier slow{named("slow"), log, {.gap = 500ms}};
  slow.notify("red");
  REQUIRE(eventually([&] { return slow.sendings() == 1; }));

  for (int i = 0; i < 1'000; ++i) slow.notify(i % 2 == 0 ? "red" : "blue");

  const auto listener = listen();
  become_healthy(*listener);
  slow.notify("red");
  CHECK(is_notified(red));
  // One at once, and at most one more for each gap that went by.
  CHECK(slow.sendings() <= 4);
}

TEST_CASE_METHOD(ListenerCase,
                 "a listener whose connection is killed comes back, and wakes everybody",
                 "[pg][listener]") {
  const auto listener = listen();
  become_healthy(*listener);
  const int before = listener->facts().backend_pid;

  terminate_backend(before);

  // Once because it is lost, and once because it is back.
  CHECK(is_notified(red));
  CHECK(is_notified(blue));
  REQUIRE(eventually([&] { return listener->facts().connections == 2 && listener->is_healthy(); }));
  CHECK(listener->facts().backend_pid != before);
  notifier.notify("blue");
  CHECK(eventually([&] { return listener->facts().notices == 1; }));
}

TEST_CASE_METHOD(ListenerCase, "a notice outlives its notifier's connection", "[pg][listener]") {
  const auto listener = listen();
  become_healthy(*listener);

  terminate_backend(pid_of("notifying"));
  notifier.notify("red");

  CHECK(is_notified(red));
}

TEST_CASE_METHOD(ListenerCase,
                 "where notices do not arrive a listener is not healthy, and tries again",
                 "[pg][listener]") {
  // NOTIFY is heard in its own database only, so this one's probes are lost as in a pooler.
  pg::ConnectionOptions elsewhere = options();
  elsewhere.url = pg::with_database(elsewhere.url, "postgres");
  pg::Notifier unheard{elsewhere, log};
  const pg::Listener listener{named("listening"),
                              {{.channel = "red", .signal = &red}},
                              unheard,
                              log,
                              {.probe_reply_max = 100ms, .retry_first = 10ms, .retry_most = 10ms}};

  REQUIRE(eventually([&] { return listener.facts().probes_lost >= 3; }));

  CHECK_FALSE(listener.is_healthy());
  CHECK(listener.facts().connections >= 3);
  CHECK(unheard.sendings() >= 3);
}

TEST_CASE_METHOD(ListenerCase,
                 "a listener whose server falls silent without a word finds out by itself",
                 "[pg][listener]") {
  pg_test::Relay wire{options().url};
  pg::ConnectionOptions through = options();
  through.url = wire.url();
  through.connect_timeout = 1s;
  const pg::Listener listener{through,
                              {{.channel = "red", .signal = &red}},
                              notifier,
                              log,
                              {.probe_every = 50ms, .probe_reply_max = 500ms}};
  REQUIRE(eventually([&] { return listener.is_healthy(); }));

  wire.fall_silent();

  CHECK(eventually([&] { return !listener.is_healthy(); }));
  CHECK(listener.facts().probes_lost == 1);
}

TEST_CASE_METHOD(ListenerCase,
                 "listeners learn of each other from their probes",
                 "[pg][listener]") {
  const pg::ListenerOptions quick{.probe_every = 100ms};
  const auto first = listen(quick);
  CHECK_FALSE(first->is_alone());
  REQUIRE(eventually([&] { return first->is_alone(); }));

  {
    const auto second = listen(quick);
    REQUIRE(eventually([&] { return !first->is_alone(); }));
    REQUIRE(eventually([&] { return second->is_healthy(); }));
    CHECK_FALSE(second->is_alone());
  }
  CHECK(eventually([&] { return first->is_alone(); }));
}

TEST_CASE_METHOD(ListenerCase, "a listener ends at once", "[pg][listener]") {
  auto listener = listen({.probe_every = kLong});
  become_healthy(*listener);
  const auto begun = std::chrono::steady_clock::now();

  listener.reset();

  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}
