// Processes are killed while 1,000 jobs are in flight; a checker then looks for what was promised
// and is not there, and for what is there twice.
#include "faults_case.hpp"

using namespace faults_test;

TEST_CASE_METHOD(FaultsCase,
                 "a worker may be killed at every fail point, and all is done once",
                 "[integration][jobs][faults]") {
  const int times = is_full() ? 20 : 1;
  for (int round = 0; round < times; ++round) {
    for (const char* point : {"work.claimed",
                              "work.claimed_apart",
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
      const std::string name = point;
      const bool is_rare = name.starts_with("janitor") || name == "work.claimed_apart";
      auto victim = start(name + ":" + std::to_string(is_rare ? 1 : any(1, 3)));
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
  const int times = is_full() ? 20 : 1;
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
