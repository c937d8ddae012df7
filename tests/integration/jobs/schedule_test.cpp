#include "engine/jobs/schedule_store.hpp"
#include "engine/jobs/scheduler.hpp"
#include "jobs_case.hpp"
#include "pg/transaction.hpp"
#include "support/eventually.hpp"
#include "support/hand_clock.hpp"

#include <catch2/catch.hpp>

#include <future>

using engine::jobs::CatchUp;
using engine::jobs::Fires;
using engine::jobs::FireTime;
using engine::jobs::make_schedules_known;
using engine::jobs::prune_fires;
using engine::jobs::Scheduler;
using engine::jobs::Taken;
using namespace std::chrono_literals;
using support::eventually;

namespace {

/// Schedulers like those of several processes, and a clock in the test's hand.
class ScheduleCase : public jobs_test::JobsCase {
 public:
  ScheduleCase() {
    // At half past, so that no test begins on a fire time of an hourly schedule.
    const auto into_hour = hands.wall() - std::chrono::floor<std::chrono::hours>(hands.wall());
    hands.pass(std::chrono::floor<std::chrono::milliseconds>(90min - into_hour));
  }
  void add(const std::string& name, const std::string& cron, CatchUp catch_up = CatchUp::kLatest) {
    schedules.add({.name = name,
                   .cron = cron,
                   .kind = kKind,
                   .args = {{"name", name}},
                   .catch_up = catch_up});
  }
  /// Returns when it knows its schedules.
  [[nodiscard]] std::unique_ptr<Scheduler> start() {
    auto scheduler = std::make_unique<Scheduler>(
        pool,
        schedules,
        ids,
        accepted,
        hands,
        log,
        engine::jobs::SchedulerOptions{.look_every = 5ms, .prune_every = 24h});
    REQUIRE(eventually([&] {
      return value_of("select count(*) from engine.schedule") ==
             std::to_string(schedules.entries().size());
    }));
    return scheduler;
  }
  [[nodiscard]] std::string jobs_of(const std::string& name) {
    return value_of("select count(*) from engine.job where args->>'name' = '" + name + "'");
  }
  [[nodiscard]] bool has_jobs(const std::string& name, int jobs) {
    return eventually([&] { return jobs_of(name) == std::to_string(jobs); });
  }
  [[nodiscard]] FireTime now() const {
    return std::chrono::floor<std::chrono::milliseconds>(clock.wall());
  }
  [[nodiscard]] static Fires fire(FireTime at) {
    return {.schedules = {"test.one"}, .at_ms = {at.time_since_epoch().count()}};
  }

  support::HandClock hands;
  engine::jobs::ScheduleRegistry schedules;
};

}  // namespace

TEST_CASE_METHOD(ScheduleCase,
                 "each fire time has one job, however many schedulers run",
                 "[integration][jobs][schedule]") {
  add("test.hourly", "0 * * * *");
  add("test.half", "*/30 * * * *");
  hands.pass(10s);  // Past its fire time.
  {
    const auto first = start();
    const auto second = start();
    const auto third = start();
    for (int hour = 1; hour <= 10; ++hour) {
      hands.pass(30min);
      CHECK(has_jobs("test.half", 2 * hour - 1));
      hands.pass(30min);
      CHECK(has_jobs("test.half", 2 * hour));
      CHECK(has_jobs("test.hourly", hour));
    }
  }
  CHECK(jobs_of("test.hourly") == "10");
  CHECK(jobs_of("test.half") == "20");
  CHECK(value_of("select count(distinct args->>'fire_at') from engine.job "
                 "where args->>'name' = 'test.hourly' and args->>'fire_at' ~ ':00:00.000Z$'") ==
        "10");
  CHECK(value_of("select string_agg(distinct caller, ' ') from engine.job") ==
        "own-schedule_3atest_2ehalf own-schedule_3atest_2ehourly");

  work_until_all_ended([](std::span<const engine::jobs::Job> jobs, pg::Transaction&) {
    return std::vector<engine::jobs::Outcome>(jobs.size(), engine::jobs::Completed{});
  });
  CHECK(ends() == "30 completed");
}

TEST_CASE_METHOD(
    ScheduleCase,
    "of the fire times missed while everything was down at most the latest is made up for",
    "[integration][jobs][schedule]") {
  add("test.latest", "0 * * * *");
  add("test.none", "0 * * * *", CatchUp::kNone);
  {
    const auto before = start();
    hands.pass(30min);
    REQUIRE(has_jobs("test.latest", 1));
    REQUIRE(has_jobs("test.none", 1));
  }
  hands.pass(5h + 30min);

  const auto after = start();

  CHECK(has_jobs("test.latest", 2));
  CHECK(jobs_of("test.none") == "1");
  // From now on both go on as ever.
  hands.pass(30min);
  CHECK(has_jobs("test.latest", 3));
  CHECK(has_jobs("test.none", 2));
  CHECK(value_of("select count(*) from engine.schedule_fire") == "5");
}

TEST_CASE_METHOD(ScheduleCase,
                 "a short absence over a fire time is none",
                 "[integration][jobs][schedule]") {
  add("test.none", "0 * * * *", CatchUp::kNone);
  { const auto before = start(); }
  hands.pass(30min + 20s);

  const auto after = start();

  CHECK(has_jobs("test.none", 1));
}

TEST_CASE_METHOD(ScheduleCase,
                 "a schedule that is new has missed nothing",
                 "[integration][jobs][schedule]") {
  add("test.yearly", "0 0 1 1 *");
  add("test.hourly", "0 * * * *");

  const auto scheduler = start();
  hands.pass(30min);

  REQUIRE(has_jobs("test.hourly", 1));
  CHECK(jobs_of("test.yearly") == "0");
}

TEST_CASE_METHOD(ScheduleCase,
                 "who comes second to a fire time waits, and has it only if the first gives up",
                 "[integration][jobs][schedule]") {
  make_schedules_known(*pool.acquire(), {"test.one"}, now() - 24h);
  const auto at = now() - 1h;
  const auto lease = pool.acquire();
  std::optional<pg::Transaction> first{std::in_place, *lease};
  REQUIRE(take_fires(*first, fire(at)) == std::vector{Taken::kOurs});

  auto second = std::async(std::launch::async, [&] {
    const auto other = pool.acquire();
    pg::Transaction tx{*other};
    const auto taken = take_fires(tx, fire(at));
    tx.commit();
    return taken;
  });
  REQUIRE(eventually([&] {
    return value_of(
               "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and "
               "datname = current_database()") == "1";
  }));

  SECTION("the first commits") {
    first->commit();
    CHECK(second.get() == std::vector{Taken::kBefore});
  }
  SECTION("the first dies") {
    first.reset();
    CHECK(second.get() == std::vector{Taken::kOurs});
  }
  CHECK(value_of("select count(*) from engine.schedule_fire") == "1");
}

TEST_CASE_METHOD(ScheduleCase,
                 "a fire time before the newest, or before its schedule, is not taken",
                 "[integration][jobs][schedule]") {
  make_schedules_known(*pool.acquire(), {"test.one"}, now() - 2h);
  make_schedules_known(*pool.acquire(), {"test.one"}, now());  // It was known before.
  const auto lease = pool.acquire();
  pg::Transaction tx{*lease};

  CHECK(take_fires(tx, fire(now() - 3h)) == std::vector{Taken::kBefore});
  CHECK(take_fires(tx, fire(now() - 1h)) == std::vector{Taken::kOurs});
  CHECK(take_fires(tx, fire(now() - 90min)) == std::vector{Taken::kBefore});
}

TEST_CASE_METHOD(ScheduleCase,
                 "a clock that is far ahead takes nothing",
                 "[integration][jobs][schedule]") {
  make_schedules_known(*pool.acquire(), {"test.one"}, now() - 24h);
  const auto lease = pool.acquire();
  pg::Transaction tx{*lease};

  CHECK(take_fires(tx, fire(now() + 5min)) == std::vector{Taken::kEarly});
  CHECK(take_fires(tx, fire(now())) == std::vector{Taken::kOurs});
}

TEST_CASE_METHOD(ScheduleCase,
                 "old fire times are pruned, but the newest of each schedule stays",
                 "[integration][jobs][schedule]") {
  make_schedules_known(*pool.acquire(), {"test.one"}, now() - 240h);
  {
    const auto lease = pool.acquire();
    pg::Transaction tx{*lease};
    for (const auto ago : {200h, 180h, 100h}) {
      REQUIRE(take_fires(tx, fire(now() - ago)) == std::vector{Taken::kOurs});
    }
    tx.commit();
  }

  CHECK(prune_fires(*pool.acquire(), now() - 168h) == 2);
  CHECK(prune_fires(*pool.acquire(), now()) == 0);
  CHECK(value_of("select count(*) from engine.schedule_fire") == "1");
}
