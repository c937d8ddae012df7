#include "engine/outbox/event_store.hpp"
#include "jobs_case.hpp"
#include "pg/error.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <future>
#include <random>
#include <set>

using jobs_test::JobsCase;

namespace {

constexpr pg::Statement kAppend{"append",
                                "select engine.append_events($1, $2, $3, $4, '{\"{}\"}'::text[])"};

using Texts = std::vector<std::string>;

void append(pg::Transaction& tx, const std::string& cell) {
  tx.run_and_commit(kAppend, Texts{"test"}, Texts{"test.acted"}, Texts{"x"}, Texts{cell});
}

}  // namespace

TEST_CASE_METHOD(JobsCase,
                 "whoever reads on from the last offset misses nothing",
                 "[integration][outbox]") {
  constexpr int kWriters = 6;
  constexpr int kEach = 80;
  std::vector<std::future<void>> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.push_back(std::async(std::launch::async, [&, w] {
      std::minstd_rand random{static_cast<unsigned>(w + 1)};
      const auto connection = pool.acquire();
      for (int i = 0; i < kEach; ++i) {
        pg::Transaction tx{*connection};
        tx.query("select count(*) from engine.job");  // Some work before, so that commits overlap.
        append(tx, random() % 2 == 0 ? "9q8yyk9" : "u33dc00");
      }
    }));
  }

  std::set<std::int64_t> seen;
  std::int64_t last = 0;
  const auto connection = pool.acquire();
  while (seen.size() < std::size_t{kWriters * kEach}) {
    for (const wire::Event& event : engine::outbox::read_after(*connection, last, 50)) {
      seen.insert(event.offset);
      last = event.offset;
    }
    const bool are_done = std::all_of(writers.begin(), writers.end(), [](const auto& writer) {
      return writer.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    });
    if (are_done &&
        std::to_string(last) == value_of("select max(event_offset) from engine.event")) {
      break;
    }
  }
  for (auto& writer : writers) writer.get();
  CHECK(seen.size() == std::size_t{kWriters * kEach});
}

TEST_CASE_METHOD(JobsCase,
                 "prev names the event before it on the same topic",
                 "[integration][outbox]") {
  std::vector<std::future<void>> writers;
  for (int w = 0; w < 5; ++w) {
    writers.push_back(std::async(std::launch::async, [&] {
      const auto connection = pool.acquire();
      for (int i = 0; i < 60; ++i) {
        pg::Transaction tx{*connection};
        append(tx, i % 3 == 0 ? "9q8yyk9" : "u33dc00");
      }
    }));
  }
  for (auto& writer : writers) writer.get();

  CHECK(value_of(R"(
    select count(*) from (
      select prev, lag(event_offset, 1, 0::bigint) over (partition by cell order by event_offset) as before
      from engine.event) as chained
    where prev <> before)") == "0");
  CHECK(value_of("select count(*) from engine.event") == "300");
}

TEST_CASE_METHOD(JobsCase,
                 "several events of one topic in one append are chained",
                 "[integration][outbox]") {
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  constexpr pg::Statement kThree{"three", R"(
    select engine.append_events(array['t','t','t'], array['a.b','a.b','a.b'], array['1','2','3'],
                                array['9q8yyk9','u33dc00','9q8yyk9'], array['{}','{}','{}']))"};
  tx.run_and_commit(kThree);

  const auto events = engine::outbox::read_after(*pool.acquire(), 0, 10);
  REQUIRE(events.size() == 3);
  CHECK(events[0].prev == 0);
  CHECK(events[1].prev == 0);
  CHECK(events[2].prev == events[0].offset);
  CHECK(events[2].subject == "3");
}

TEST_CASE_METHOD(JobsCase,
                 "events are refused where prev could be read from an old snapshot",
                 "[integration][outbox]") {
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection, pg::Isolation::kRepeatableRead};
  CHECK_THROWS_AS(append(tx, "9q8yyk9"), pg::StatementError);
}

TEST_CASE_METHOD(JobsCase,
                 "a topic whose events were dropped goes on from its last offset",
                 "[integration][outbox]") {
  {
    const auto connection = pool.acquire();
    pg::Transaction tx{*connection};
    append(tx, "9q8yyk9");
  }
  onlooker().query("insert into engine.dropped_topic select cell, event_offset from engine.event");
  onlooker().query("update engine.log set floor = (select max(event_offset) from engine.event)");
  onlooker().query("delete from engine.event");
  const auto connection = pool.acquire();
  {
    pg::Transaction snapshot{*connection, pg::Isolation::kRepeatableRead, pg::Access::kReadOnly};
    CHECK(engine::outbox::read_position(snapshot).offset == 1);
  }
  {
    pg::Transaction tx{*connection};
    append(tx, "9q8yyk9");
  }
  CHECK(engine::outbox::read_after(*connection, 0, 10).at(0).prev == 1);
}

TEST_CASE_METHOD(JobsCase,
                 "a snapshot's position is exact while others append",
                 "[integration][outbox]") {
  const auto writing = pool.acquire();
  const auto reading = pool.acquire();
  {
    pg::Transaction tx{*writing};
    append(tx, "9q8yyk9");
  }
  pg::Transaction snapshot{*reading, pg::Isolation::kRepeatableRead, pg::Access::kReadOnly};
  const auto before = engine::outbox::read_position(snapshot);
  {
    pg::Transaction tx{*writing};
    append(tx, "9q8yyk9");
  }
  CHECK(engine::outbox::read_position(snapshot).offset == before.offset);
  CHECK(before.epoch == engine::outbox::read_epoch(*writing));
  CHECK_FALSE(before.epoch.empty());
}
