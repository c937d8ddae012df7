#include "base/pause.hpp"
#include "bridge_case.hpp"
#include "pg/transaction.hpp"
#include "support/pg_server.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <functional>
#include <thread>

using bridge_test::are_in_order;
using bridge_test::Audience;
using bridge_test::BridgeCase;
using bridge_test::cells;
using bridge_test::quick_options;
using engine::bridge::BridgeState;
using support::eventually;
using namespace std::chrono_literals;

namespace {

struct OwnServer {
  support::PgServer server;
};

/// A case whose database may come to harm.
struct OwnServerCase : OwnServer, BridgeCase {
  OwnServerCase() : BridgeCase{server.url()} {}
};

}  // namespace

TEST_CASE_METHOD(BridgeCase,
                 "the relay goes on where it was when all its database sessions are killed",
                 "[integration][bridge]") {
  const Audience audience{broker};
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
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}

TEST_CASE_METHOD(OwnServerCase,
                 "the relay wakes up by itself after its database stood still or crashed",
                 "[integration][bridge]") {
  const Audience audience{broker};
  auto bridge = start_bridge();
  append(50);
  REQUIRE(saves_position_of_all());
  append(200);

  SECTION("stood still, while another relay of the same process goes on") {
    BridgeCase healthy;
    const Audience healthy_audience{healthy.broker};
    const auto other = healthy.start_bridge();
    REQUIRE(eventually([&] { return other->is_connected(); }));
    server.freeze();
    // The thread of the first relay waits for its database while the library has replies for it.
    for (int i = 0; i < 20; ++i) {
      const auto appended_at = clock.monotonic();
      healthy.append_to(cells().front());
      REQUIRE(healthy_audience.hears(healthy.logged()));
      CHECK(clock.monotonic() - appended_at < 900ms);
    }
    REQUIRE(eventually([&] { return bridge->state().role == BridgeState::Role::kAway; }));
    server.thaw();
    append(50);
    REQUIRE(saves_position_of_all());
    CHECK(audience.hears(logged()));
  }
  SECTION("stood still while the bridge is stopped") {
    server.freeze();
    const auto stop_began = clock.monotonic();
    bridge.reset();
    CHECK(clock.monotonic() - stop_began < 5s);
    server.thaw();
    bridge = start_bridge();
    REQUIRE(saves_position_of_all());
    CHECK(audience.hears(logged()));
  }
  SECTION("crashed: every session is gone, and the server is in recovery for a while") {
    REQUIRE(::kill(onlooker().backend_pid(), SIGKILL) == 0);
    REQUIRE_THROWS(logged());
    // The server may let somebody in before it notices, and then ends that session too.
    const auto survives = [&](const std::function<bool(pg::Connection&)>& look) {
      return eventually([&] {
        try {
          pg::Connection after{options()};
          return look(after);
        } catch (const base::Error&) {
          return false;
        }
      });
    };
    REQUIRE(survives([](pg::Connection& after) {
      bridge_test::append_events(after, cells());
      return true;
    }));
    REQUIRE(survives([](pg::Connection& after) {
      return after
          .query(
              "select relayed_offset = (select max(event_offset) from engine.event) "
              "from engine.relay")
          .one()
          .get<bool>(0);
    }));
  }
  CHECK(are_in_order(audience.heard()));
}

TEST_CASE_METHOD(BridgeCase,
                 "an event whose transaction was slow to commit is neither skipped nor overtaken",
                 "[integration][bridge]") {
  const Audience audience{broker};
  const auto bridge = start_bridge();
  append_to(cells()[0]);
  REQUIRE(saves_position_of_all());

  pg::Connection slow{options()};
  pg::Connection fast{options()};
  pg::Transaction tx{slow};
  bridge_test::append_events(tx, {cells()[0]});
  // It waits for the log, and so for the slow one's commit.
  std::jthread writer{[&] { bridge_test::append_events(fast, {cells()[0], cells()[1]}); }};
  REQUIRE(eventually([&] {
    return value_of(
               "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
               "and datname = current_database()") == "1";
  }));
  CHECK(audience.heard().size() == 1);
  tx.commit();
  writer.join();

  REQUIRE(saves_position_of_all());
  CHECK(logged().size() == 4);
  CHECK(audience.hears(logged()));
  CHECK(are_in_order(audience.heard()));
}
