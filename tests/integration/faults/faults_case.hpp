#pragma once

#include "history_check.hpp"
#include "job_process.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"
#include "support/full.hpp"
#include "support/pg_server.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>

namespace faults_test {

using jobs_test::Confirmed;
using jobs_test::JobProcess;
using jobs_test::JobsCase;
using jobs_test::violations;
using support::eventually;
using support::is_full;
using namespace std::chrono_literals;

inline constexpr int kJobs = 1'000;

/// EARSHOT_TEST_SEED, or any; printed, so that a failure can be had again.
inline unsigned seed() {
  static const unsigned chosen = [] {
    const char* const given = std::getenv("EARSHOT_TEST_SEED");
    const unsigned value = given ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
    std::cout << "seed " << value << std::endl;
    return value;
  }();
  return chosen;
}

struct OwnServer {
  support::PgServer server{};
};

class FaultsCase : private OwnServer, public JobsCase {
 public:
  FaultsCase() : JobsCase{OwnServer::server.url()} {}
  explicit FaultsCase(const std::filesystem::path& disk)
      : OwnServer{support::PgServer{disk}}, JobsCase{OwnServer::server.url()} {}

  support::PgServer& postgres() { return OwnServer::server; }

  [[nodiscard]] JobProcess start(const std::string& fail_point = {}) {
    return JobProcess{options().url, {.fail_point = fail_point}};
  }
  /// Accepts 2,000 jobs.
  [[nodiscard]] JobProcess start_accepter() {
    return JobProcess{options().url, {.role = JobProcess::Role::kAccepter, .jobs = 2 * kJobs}};
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
    // They may lose more hosts than a poison job has attempts.
    accept_kind(jobs_test::kLongKind, 4, /*max_attempts=*/100);
  }
  /// In a commit each.
  void accept_kind(const char* kind, int count, std::int16_t max_attempts = 2) {
    for (int n = 0; n < count; ++n) {
      auto one = spec(n, max_attempts);
      one.kind = kind;
      auto rows = engine::jobs::AcceptedRows::of({&one}, ids);
      REQUIRE(rows);
      insert(*rows);
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
  /// All that the accepter had to store is confirmed and there, and everything is done once.
  void check_all_of(JobProcess& accepter) {
    REQUIRE(accepter.ends_well());
    const Confirmed told = accepter.confirmed();
    REQUIRE(told.size() == 2 * kJobs);
    REQUIRE(drains());
    check_history(told);
  }

 private:
  std::mt19937 chance_{seed()};
};

}  // namespace faults_test
