// Connections are cut exactly as commits are on their way, and processes stop as the server sends.
#include "cutting_proxy.hpp"
#include "faults_case.hpp"

#include <atomic>

using namespace faults_test;
using jobs_test::CuttingProxy;

TEST_CASE_METHOD(FaultsCase,
                 "connections may be cut at every commit, while the same keys come from two sides",
                 "[integration][jobs][faults]") {
  const int times = is_full() ? 20 : 1;
  for (int round = 0; round < times; ++round) {
    CAPTURE(round, seed());
    onlooker().query("truncate engine.idempotency");
    const std::string before = value_of("select count(*) from engine.job");
    const CuttingProxy proxy{options().url,
                             {.seed = seed() + static_cast<unsigned>(round), .cut_share = 0.2}};
    const JobProcess::Options accepter{.role = JobProcess::Role::kAccepter, .jobs = kJobs};
    const JobProcess first_worker{proxy.url(), {}};
    const JobProcess second_worker{proxy.url(), {}};
    JobProcess one{proxy.url(), accepter};
    JobProcess other{proxy.url(), accepter};
    REQUIRE(one.ends_well());
    REQUIRE(other.ends_well());

    CHECK(proxy.cuts() >= 10);
    const Confirmed told = one.confirmed();
    CHECK(told.size() == kJobs);
    CHECK(told == other.confirmed());
    CHECK(value_of("select count(*) - " + before + " from engine.job") == std::to_string(kJobs));
    REQUIRE(drains());
    check_history(told);
  }
}

TEST_CASE_METHOD(FaultsCase,
                 "a worker that stops while the server sends to it holds nothing up for long",
                 "[integration][jobs][faults]") {
  // More than the kernel takes from the server for somebody who does not read.
  constexpr int kMuch = 8 * 1024 * 1024;
  const std::string pad(8 * 1024, 'x');
  std::vector<engine::jobs::JobSpec> specs;
  for (int n = 0; n < kJobs; ++n) {
    specs.push_back(spec(n));
    specs.back().args = R"({"n":)" + std::to_string(n) + R"(,"pad":")" + pad + "\"}";
  }
  std::vector<const engine::jobs::JobSpec*> pointers;
  for (const auto& one : specs) pointers.push_back(&one);
  auto rows = engine::jobs::AcceptedRows::of(pointers, ids);
  REQUIRE(rows);
  insert(*rows);

  std::atomic<JobProcess*> sleeper{nullptr};
  const CuttingProxy proxy{options().url, {.bulk_bytes = 256 * 1024, .on_bulk = [&] {
                                             sleeper.wait(nullptr);
                                             sleeper.load()->freeze();
                                           }}};
  JobProcess worker{proxy.url(), {.claim_bytes = kMuch}};
  sleeper = &worker;
  sleeper.notify_all();
  REQUIRE(eventually([&] { return worker.is_stopped(); }));
  const std::string sending =
      "select count(*) from pg_stat_activity "
      "where datname = current_database() and wait_event = 'ClientWrite'";
  REQUIRE(eventually([&] { return value_of(sending) == "1"; }));
  CHECK(open_jobs() == kJobs);

  const auto heir = start();
  const bool is_drained = drains();
  INFO(heir.log());
  INFO(
      value_of("select coalesce(string_agg(concat_ws(' ', id, jobs, bytes, attempt, worker, "
               "leased_until - now(), is_apart), E'\n'), '') from engine.batch"));
  INFO(
      value_of("select string_agg(concat_ws(' ', pid, state, wait_event, now() - xact_start, "
               "left(query, 60)), E'\n') from pg_stat_activity "
               "where datname = current_database()"));
  REQUIRE(is_drained);
  CHECK(value_of(sending) == "0");
  worker.thaw();
  accept(20);
  REQUIRE(drains());
  check_history();
}
