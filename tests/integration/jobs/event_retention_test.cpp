#include "engine/outbox/event_retention.hpp"

#include "engine/outbox/event_store.hpp"
#include "jobs_case.hpp"
#include "pg/transaction.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <random>
#include <string>
#include <tuple>
#include <vector>

using engine::outbox::EventRetention;
using engine::outbox::EventRetentionOptions;
using jobs_test::JobsCase;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

constexpr std::int64_t kSlot = 1'000'000'000;
constexpr EventRetentionOptions kTwoHours{.keep = 2h};
constexpr pg::Statement kAppend{
    "append", "select engine.append_events($1, $2, $3, $4, '{\"{}\"}'::text[]) as last"};

class EventRetentionCase : public JobsCase {
 public:
  static std::int64_t append_on(pg::Connection& connection, const std::string& cell) {
    return connection.run(kAppend, Texts{"test"}, Texts{"test.acted"}, Texts{"x"}, Texts{cell})
        .one()
        .get<std::int64_t>("last");
  }
  std::int64_t append(const std::string& cell) { return append_on(onlooker(), cell); }

  /// As if all that is there had happened three hours earlier, and had been relayed.
  void three_hours_pass() {
    onlooker().query("update engine.event set at = at - interval '3 hours'");
    relay_all();
  }
  void relay_all() {
    onlooker().query("update engine.relay set relayed_offset = engine.newest_offset()");
  }
  /// What a janitor does until it has nothing to do; it gives up where somebody is in the way.
  int keep(const EventRetentionOptions& options = kTwoHours) {
    EventRetention retention{options};
    keep(retention);
    return retention.dropped();
  }
  void keep(EventRetention& retention) {
    const auto connection = pool.acquire();
    while (retention.step(*connection)) {
    }
  }
  std::int64_t prev_of(std::int64_t offset) {
    return std::stoll(
        value_of("select prev from engine.event where event_offset = " + std::to_string(offset)));
  }
  std::string floor() { return value_of("select floor from engine.log"); }
  std::string slots() {
    return value_of(
        "select string_agg(c.relname, ' ' order by c.relname) from pg_inherits i join pg_class c "
        "on c.oid = i.inhrelid where i.inhparent = 'engine.event'::regclass");
  }
};

}  // namespace

TEST_CASE_METHOD(EventRetentionCase,
                 "the log turns to its next slot when the one that is written is old",
                 "[integration][outbox]") {
  CHECK(append("9q8yyk9") == 1);
  keep();
  CHECK(append("9q8yyk9") == 2);

  onlooker().query("update engine.event set at = at - interval '20 minutes'");
  keep();
  CHECK(slots() == "event_0 event_1 event_rest");
  CHECK(append("9q8yyk9") == kSlot);
  CHECK(prev_of(kSlot) == 2);
  keep();
  CHECK(slots() == "event_0 event_1 event_2 event_rest");
  CHECK(value_of("select count(*) from engine.event_rest") == "0");
}

TEST_CASE_METHOD(EventRetentionCase,
                 "a slot whose time is over is dropped, and prev still names its events",
                 "[integration][outbox]") {
  append("9q8yyk9");
  const auto last_here = append("9q8yyk9");
  const auto last_there = append("u33dc00");
  three_hours_pass();
  CHECK(keep() == 1);
  CHECK(value_of("select count(*) from engine.event") == "0");
  CHECK(floor() == std::to_string(last_there));
  CHECK(value_of("select engine.newest_offset()") == std::to_string(last_there));

  const auto next = append("9q8yyk9");
  CHECK(next == kSlot);
  CHECK(prev_of(next) == last_here);
  CHECK(prev_of(append("u33dc00")) == last_there);
  CHECK(prev_of(append("9q8yyk9")) == next);
  CHECK(prev_of(append("gcpvj0d")) == 0);
  CHECK(keep() == 0);

  SECTION("and again, when a topic is silent for two slots") {
    three_hours_pass();
    CHECK(keep() == 1);
    CHECK(prev_of(append("gcpvj0d")) == next + 3);
    CHECK(prev_of(append("u33dc00")) == next + 1);
  }
}

TEST_CASE_METHOD(EventRetentionCase,
                 "what the broker has not accepted is never dropped",
                 "[integration][outbox]") {
  append("9q8yyk9");
  const auto last = append("9q8yyk9");
  onlooker().query("update engine.event set at = at - interval '30 days'");
  onlooker().query("update engine.relay set relayed_offset = " + std::to_string(last - 1));
  EventRetention retention{kTwoHours};
  keep(retention);
  CHECK(retention.dropped() == 0);
  CHECK(retention.waits_for_relay());
  CHECK(value_of("select count(*) from engine.event") == "2");
  relay_all();
  keep(retention);
  CHECK(retention.dropped() == 1);
  CHECK_FALSE(retention.waits_for_relay());

  append("9q8yyk9");
  keep(retention);
  CHECK_FALSE(retention.waits_for_relay());  // It is not old.
}

TEST_CASE_METHOD(EventRetentionCase,
                 "a janitor that dies before the drop leaves a log that is right",
                 "[integration][outbox]") {
  const auto last = append("9q8yyk9");
  three_hours_pass();
  {
    EventRetention dies{kTwoHours};
    const auto connection = pool.acquire();
    CHECK(dies.step(*connection));  // The slot is chosen,
    CHECK(dies.step(*connection));  // and its topics are kept.
  }
  CHECK(value_of("select event_offset from engine.dropped_topic") == std::to_string(last));
  CHECK(floor() == "0");
  const auto next = append("9q8yyk9");
  CHECK(prev_of(next) == last);
  CHECK(prev_of(append("9q8yyk9")) == next);

  CHECK(keep() == 1);
  CHECK(prev_of(append("9q8yyk9")) == next + 1);
}

TEST_CASE_METHOD(EventRetentionCase,
                 "a slot that got another event since its topics were kept is not dropped",
                 "[integration][outbox]") {
  const auto last = append("9q8yyk9");
  CHECK(value_of("select engine.drop_event_slot(0, " + std::to_string(last - 1) + ")") == "f");
  CHECK(value_of("select engine.drop_event_slot(0, null)") == "f");
  CHECK(value_of("select count(*) from engine.event") == "1");
}

TEST_CASE_METHOD(EventRetentionCase,
                 "dropping gives up where somebody reads, and does it later",
                 "[integration][outbox]") {
  append("9q8yyk9");
  three_hours_pass();
  {
    const auto busy = pool.acquire();
    pg::Transaction reading{*busy};
    reading.query("select count(*) from engine.event");
    CHECK(keep() == 0);
    CHECK(floor() == "0");
    CHECK(append("9q8yyk9") == kSlot);  // Nobody who appends had to wait for the reader.
  }
  CHECK(keep() == 1);
}

TEST_CASE_METHOD(EventRetentionCase,
                 "prev stays right while slots turn and are dropped under those who append",
                 "[integration][outbox]") {
  constexpr int kWriters = 4;
  constexpr int kDrops = 5;
  std::atomic<bool> is_over{false};
  std::atomic<int> appended_events{0};
  std::vector<std::future<void>> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.push_back(std::async(std::launch::async, [&, w] {
      std::minstd_rand random{static_cast<unsigned>(w + 1)};
      const auto connection = pool.acquire();
      const Texts cells{"9q8yyk9", "u33dc00", "gcpvj0d", "s000000"};
      while (!is_over) {
        append_on(*connection, cells[random() % cells.size()]);
        ++appended_events;
      }
    }));
  }
  // What is dropped is copied before.
  onlooker().query("create table kept (like engine.event)");
  const auto copying = pool.acquire();
  const std::string remember =
      "insert into kept select e.* from engine.event e where not exists "
      "(select from kept k where k.event_offset = e.event_offset)";
  int dropped = 0;
  const bool have_dropped = support::eventually([&] {
    // Nothing is kept for longer than a moment: cutoffs in the future.
    onlooker().query("select engine.make_event_slot(engine.slot_of_next_event() + 1)");
    onlooker().query("select engine.turn_event_slot(now() + interval '1 hour')");
    relay_all();
    copying->query(remember);
    EventRetention other{{.keep = -3600s}};
    const auto connection = pool.acquire();
    for (int step = 0; step < 3; ++step) std::ignore = other.step(*connection);
    dropped += other.dropped();
    return dropped >= kDrops;
  });
  is_over = true;
  for (auto& writer : writers) writer.get();
  copying->query(remember);

  CHECK(have_dropped);
  CHECK(value_of("select count(*) from kept") == std::to_string(appended_events));
  CHECK(value_of(R"(
    select count(*) from (
      select prev, lag(event_offset, 1, 0::bigint) over (partition by cell order by event_offset)
        as before
      from kept) as chained
    where prev <> before)") == "0");
  CHECK(value_of("select count(*) from engine.event_rest") == "0");
}

TEST_CASE_METHOD(EventRetentionCase,
                 "of too many silent topics the longest silent are forgotten, and prev says so",
                 "[integration][outbox]") {
  const auto first = append("9q8yyk9");
  const auto second = append("u33dc00");
  const auto third = append("gcpvj0d");
  three_hours_pass();
  const EventRetentionOptions one_topic{.keep = 2h, .topics_max = 1};
  CHECK(keep(one_topic) == 1);
  CHECK(keep(one_topic) == 0);
  CHECK(value_of("select string_agg(cell, ' ') from engine.dropped_topic") == "gcpvj0d");
  CHECK(value_of("select forgotten from engine.log") == std::to_string(second));

  // Too new rather than too old: whoever has not read that far looks into the log.
  CHECK(first < second);
  CHECK(prev_of(append("9q8yyk9")) == second);
  CHECK(prev_of(append("gcpvj0d")) == third);
}
