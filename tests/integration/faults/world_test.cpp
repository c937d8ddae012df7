// Processes sleep, and lose their connections and their database, while 1,000 jobs are in flight.
#include "faults_case.hpp"

using namespace faults_test;

TEST_CASE_METHOD(FaultsCase,
                 "a worker that slept longer than its lease wakes up and changes nothing",
                 "[integration][jobs][faults]") {
  for (const char* point : {"work.claimed",
                            "work.locked",
                            "work.handled",
                            "work.failing",
                            "long.claimed",
                            "long.settling"}) {
    CAPTURE(point, seed());
    accept_a_thousand();
    auto sleeper = start(std::string{point} + ":1:stop");
    REQUIRE(eventually([&] { return sleeper.is_stopped(); }));
    {
      const auto first = start();
      const bool is_drained = drains();
      INFO(first.log());
      INFO(value_of("select coalesce(string_agg(b::text, E'\\n'), '') from engine.batch b"));
      INFO(
          value_of("select string_agg(concat_ws(' ', pid, state, wait_event, now() - state_change, "
                   "left(query, 60)), E'\\n') from pg_stat_activity "
                   "where datname = current_database()"));
      REQUIRE(is_drained);
    }
    check_history();
    sleeper.thaw();
    // It is awake again, and what it held meets nothing.
    accept(20);
    REQUIRE(drains());
    check_history();
  }
}

TEST_CASE_METHOD(FaultsCase,
                 "all connections may be cut, again and again",
                 "[integration][jobs][faults]") {
  accept_a_thousand();
  const auto first = start();
  const auto second = start();
  const int times = is_full() ? 100 : 5;
  for (int cut = 0; cut < times; ++cut) {
    accept_a_thousand();
    onlooker().query(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and application_name <> 'test'");
    REQUIRE(eventually([&] { return open_jobs() < kJobs * 2; }, 60s));
  }
  REQUIRE(drains());
  check_history();
}

TEST_CASE_METHOD(FaultsCase,
                 "PostgreSQL may be killed, and everything confirmed is there and done once",
                 "[integration][jobs][faults]") {
  const int times = is_full() ? 20 : 2;
  for (int round = 0; round < times; ++round) {
    CAPTURE(round, seed());
    onlooker().query("truncate engine.idempotency");
    const auto worker = start();
    JobProcess accepter = start_accepter();
    REQUIRE(eventually([&] { return !accepter.confirmed().empty(); }));
    if (round % 2 == 0) {
      postgres().die();
    } else {
      postgres().stop_at_once();
    }
    postgres().start_again();
    reconnect();
    check_all_of(accepter);
  }
}
