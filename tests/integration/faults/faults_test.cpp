// Processes die, stop and lose their database while 1,000 jobs are in flight; a checker then looks
// for what was promised and is not there, and for what is there twice.
#include "history_check.hpp"
#include "job_process.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"
#include "support/pg_server.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <random>

using jobs_test::Confirmed;
using jobs_test::JobProcess;
using jobs_test::JobsCase;
using jobs_test::violations;
using support::eventually;
using namespace std::chrono_literals;

namespace {

constexpr int kJobs = 1'000;

/// EARSHOT_TEST_SEED, or any; printed, so that a failure can be had again.
unsigned seed() {
  static const unsigned chosen = [] {
    const char* const given = std::getenv("EARSHOT_TEST_SEED");
    const unsigned value = given ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
    std::cout << "seed " << value << std::endl;
    return value;
  }();
  return chosen;
}

bool is_full() {
  const char* const full = std::getenv("EARSHOT_TEST_FULL");
  return full != nullptr && std::string{full} == "1";
}

struct OwnServer {
  support::PgServer server;
};

class FaultsCase : private OwnServer, public JobsCase {
 public:
  FaultsCase() : JobsCase{OwnServer::server.url()} {}

  support::PgServer& postgres() { return OwnServer::server; }

  [[nodiscard]] JobProcess start(const std::string& fail_point = {}) {
    return JobProcess{options().url, {.fail_point = fail_point}};
  }
  int any(int least, int most) { return std::uniform_int_distribution<int>{least, most}(chance_); }

  /// 1,000 jobs in commits of all sizes; some of them poison, some long.
  void accept_a_thousand() {
    int left = kJobs;
    while (left > 0) {
      const int count = std::min(left, any(1, 250));
      accept(count);
      left -= count;
    }
    accept_kind(jobs_test::kPoisonKind, 2);
    accept_kind(jobs_test::kLongKind, 4);
  }
  void accept_kind(const char* kind, int count) {
    for (int n = 0; n < count; ++n) {
      auto one = spec(n, /*max_attempts=*/2);
      one.kind = kind;
      // Long jobs may lose more hosts than a poison job has attempts.
      if (kind != jobs_test::kPoisonKind) one.max_attempts = 100;
      auto rows = engine::jobs::AcceptedRows::of({&one}, ids);
      REQUIRE(rows);
      rows->insert(*pool.acquire());
    }
  }
  /// As if their worker had died after claiming them.
  void strand() { REQUIRE_FALSE(claim({1}, {.jobs_max = 100, .lease = 0s}).empty()); }
  void defer() {
    const auto claims = claim({1}, {.jobs_max = 1});
    REQUIRE_FALSE(claims.empty());
    fail_batch(*pool.acquire(),
               {1},
               claims.front(),
               {.problem = {{"type", "test"}}, .retry_in = 0ms},
               piece_ids());
  }

  [[nodiscard]] bool drains() {
    return eventually([&] { return open_jobs() == 0; }, 60s);
  }
  void check_history(const Confirmed& confirmed = {}) {
    const auto found = violations(onlooker(), confirmed);
    for (const std::string& one : found) UNSCOPED_INFO(one);
    CHECK(found.empty());
  }

 private:
  std::mt19937 chance_{seed()};
};

}  // namespace

TEST_CASE_METHOD(FaultsCase,
                 "a worker may be killed at every fail point, and all is done once",
                 "[integration][jobs][faults]") {
  const int times = is_full() ? 20 : 1;
  for (int round = 0; round < times; ++round) {
    for (const char* point : {"work.claimed",
                              "work.locked",
                              "work.handled",
                              "work.committed",
                              "work.failing",
                              "work.failed",
                              "janitor.rescued",
                              "janitor.promoted",
                              "long.claimed",
                              "long.reported",
                              "long.settling",
                              "long.settled"}) {
      CAPTURE(point, round, seed());
      accept(1);
      defer();
      accept(1);
      strand();
      accept_a_thousand();
      const bool is_rare = std::string{point}.starts_with("janitor");
      auto victim = start(std::string{point} + ":" + std::to_string(is_rare ? 1 : any(1, 3)));
      REQUIRE(victim.dies_of(SIGKILL));
      const auto first = start();
      const auto second = start();
      REQUIRE(drains());
      check_history();
    }
  }
}

TEST_CASE_METHOD(FaultsCase,
                 "who accepts may be killed around the commit, and confirms nothing that is not",
                 "[integration][jobs][faults]") {
  const int times = is_full() ? 20 : 2;
  const auto healthy = start();
  for (int round = 0; round < times; ++round) {
    for (const char* point : {"accept.before_commit", "accept.committed"}) {
      CAPTURE(point, round, seed());
      onlooker().query("truncate engine.idempotency");
      const std::string before = value_of("select count(*) from engine.job");
      JobProcess victim{options().url,
                        {.role = JobProcess::Role::kAccepter,
                         .fail_point = std::string{point} + ":" + std::to_string(any(1, 40)),
                         .jobs = kJobs}};
      REQUIRE(victim.dies_of(SIGKILL));
      const Confirmed told = victim.confirmed();
      CHECK(told.size() < kJobs);

      JobProcess again{options().url, {.role = JobProcess::Role::kAccepter, .jobs = kJobs}};
      REQUIRE(again.ends_well());
      const Confirmed all = again.confirmed();
      REQUIRE(all.size() == kJobs);
      for (const auto& [key, id] : told) CHECK(all.at(key) == id);
      REQUIRE(drains());
      CHECK(value_of("select count(*) - " + before + " from engine.job") == std::to_string(kJobs));
      check_history(all);
    }
  }
}

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
  const int times = is_full() ? 100 : 10;
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
  const int times = is_full() ? 20 : 3;
  for (int round = 0; round < times; ++round) {
    CAPTURE(round, seed());
    onlooker().query("truncate engine.idempotency");
    const auto worker = start();
    JobProcess accepter{options().url, {.role = JobProcess::Role::kAccepter, .jobs = 2 * kJobs}};
    REQUIRE(eventually([&] { return !accepter.confirmed().empty(); }));
    if (round % 2 == 0) {
      postgres().die();
    } else {
      postgres().stop_at_once();
    }
    postgres().start_again();
    reconnect();
    REQUIRE(accepter.ends_well());
    REQUIRE(accepter.confirmed().size() == 2 * kJobs);
    REQUIRE(drains());
    check_history(accepter.confirmed());
  }
}
