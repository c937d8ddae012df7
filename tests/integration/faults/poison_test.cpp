// Jobs that bring down whoever carries them out end alone; their neighbours lose nothing.
#include "base/error.hpp"
#include "faults_case.hpp"

using namespace faults_test;

namespace {

class PoisonCase : public FaultsCase {
 public:
  void accept_with_neighbours(const char* poison) {
    accept(200);
    accept_kind(poison, 1, /*max_attempts=*/2);
    for (int n = 0; n < 50; ++n) accept_kind(kKind, 1, /*max_attempts=*/1);
    accept(200);
  }
  /// Whether the database is there, for whoever has lost it.
  bool is_back() {
    try {
      reconnect();
      return true;
    } catch (const base::Error&) {
      return false;
    }
  }
  bool is_drained() {
    try {
      return open_jobs() == 0;
    } catch (const base::Error&) {
      is_back();
      return false;
    }
  }
  void check_only_poison_failed(const std::string& poison) {
    CHECK(value_of("select string_agg(distinct kind, ', ') from engine.failure f "
                   "join engine.job j on j.id = f.job_id") == poison);
    CHECK(value_of("select string_agg(kind || ' ' || state, ', ') from engine.result r "
                   "join engine.job j on j.id = r.job_id where state <> 'completed'") ==
          poison + " discarded");
    check_history();
  }
};

}  // namespace

TEST_CASE_METHOD(PoisonCase,
                 "a job that ends its process is discarded alone",
                 "[integration][jobs][faults]") {
  accept_with_neighbours(jobs_test::kAbortKind);
  int deaths = 0;
  while (open_jobs() > 0) {
    auto worker = start();
    bool is_dead = false;
    // Whoever looks after the service starts it again.
    REQUIRE(eventually(
        [&] {
          is_dead = worker.dies_of(SIGABRT, std::chrono::seconds{0});
          return is_dead || open_jobs() == 0;
        },
        60s));
    if (is_dead) ++deaths;
    REQUIRE(deaths < 20);
  }
  CHECK(deaths >= 2);
  check_only_poison_failed(jobs_test::kAbortKind);
}

TEST_CASE_METHOD(PoisonCase,
                 "a job that crashes PostgreSQL is discarded alone, and does not loop for ever",
                 "[integration][jobs][faults]") {
  accept_with_neighbours(jobs_test::kCrashKind);
  const auto worker = start();
  REQUIRE(eventually([&] { return is_drained(); }, 60s));
  check_only_poison_failed(jobs_test::kCrashKind);
}
