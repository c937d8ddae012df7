// Handlers that do not return: they keep their thread, and nothing else.
#include "base/error.hpp"
#include "engine/jobs/control_store.hpp"
#include "engine/jobs/janitor.hpp"
#include "engine/jobs/workers.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using engine::jobs::Job;
using engine::jobs::JobState;
using engine::jobs::Outcome;
using engine::jobs::Workers;
using jobs_test::JobsCase;
using support::eventually;
using namespace std::chrono_literals;

namespace {

constexpr int kHung = 7;  // The n of the job whose handler does not return.

class HangCase : public JobsCase {
 public:
  HangCase() {
    handlers.add(kKind, jobs_test::handler([this](std::span<const Job> jobs, pg::Transaction& tx) {
                   for (const Job& job : jobs) {
                     if (job.args.at("n") == kHung) hang(tx);
                   }
                   return jobs_test::act(jobs, tx);
                 }));
  }
  ~HangCase() {
    release();
    workers.reset();
  }

  void release() {
    is_released = true;
    is_released.notify_all();
  }
  void accept_hung() {
    const auto one = spec(kHung);
    auto rows = engine::jobs::AcceptedRows::of({&one}, ids);
    REQUIRE(rows);
    insert(*rows);
    accepted.notify();
  }
  [[nodiscard]] engine::jobs::WorkersOptions options_for(std::size_t lost_max = 8) const {
    return {.count = 1, .handle_max = 200ms, .look_apart_every = 10ms, .lost_max = lost_max};
  }
  [[nodiscard]] Workers::Surroundings around() {
    return {.pool = pool,
            .handlers = handlers,
            .ids = ids,
            .ready = accepted,
            .appended = appended,
            .log = log};
  }
  void check_only_hung_failed(int completed) {
    CHECK(ends() == std::to_string(completed) + " completed, 1 discarded");
    CHECK(value_of("select problem->>'type' from engine.result where state = 'discarded'") ==
          "urn:earshot:problem:time-limit");
    CHECK(value_of("select count(*) from effect") == std::to_string(completed));
    CHECK(value_of("select count(*) from engine.failure") == "1");
  }

  bool is_busy_in_sql = false;
  std::atomic<bool> is_released{false};
  std::atomic<int> hangs{0};
  engine::jobs::HandlerRegistry handlers;
  std::optional<Workers> workers;

 private:
  void hang(pg::Transaction& tx) {
    ++hangs;
    while (is_busy_in_sql) tx.query("select 1");
    is_released.wait(false);
  }
};

}  // namespace

TEST_CASE_METHOD(HangCase,
                 "a handler that never returns keeps its thread, not its neighbours' jobs",
                 "[integration][jobs]") {
  accept(20);
  workers.emplace(around(), options_for());

  REQUIRE(eventually([&] { return open_jobs() == 0; }));
  // The whole, a piece of it, and the job alone.
  CHECK(hangs <= 3);
  check_only_hung_failed(19);
  // Late, and for nothing.
  release();
  accept(1);
  REQUIRE(eventually([&] { return open_jobs() == 0; }));
  check_only_hung_failed(20);
}

TEST_CASE_METHOD(HangCase,
                 "a handler that asks the database for ever is cut off from it",
                 "[integration][jobs]") {
  is_busy_in_sql = true;
  accept(20);
  workers.emplace(around(), options_for());
  REQUIRE(eventually([&] { return open_jobs() == 0; }));
  check_only_hung_failed(19);
}

TEST_CASE_METHOD(HangCase,
                 "a kind that has taken too many threads is paused",
                 "[integration][jobs]") {
  accept_hung();
  accept_hung();
  const auto one_to_a_claim = [&] {
    auto options = options_for(/*lost_max=*/1);
    options.worker.budget.jobs_max = 1;
    return options;
  }();
  workers.emplace(around(), one_to_a_claim);
  REQUIRE(eventually([&] { return value_of("select count(*) from engine.paused_kind") == "1"; }));
  CHECK(ends() == "2 discarded");
  // Nobody takes the next.
  accept_hung();
  CHECK(claim({1}).empty());
  CHECK(engine::jobs::resume_kind(*pool.acquire(), kKind));
  CHECK(claim({1}).size() == 1);
}

TEST_CASE_METHOD(HangCase, "a handler that takes its time is left alone", "[integration][jobs]") {
  accept(20);
  auto options = options_for();
  options.handle_max = 1h;
  workers.emplace(around(), options);
  REQUIRE(eventually([&] { return hangs == 1; }));
  release();
  REQUIRE(eventually([&] { return open_jobs() == 0; }));
  CHECK(hangs == 1);
  CHECK(ends() == "20 completed");
}

TEST_CASE_METHOD(HangCase,
                 "a job that is set apart and waits for something passing does not hold up others",
                 "[integration][jobs]") {
  constexpr const char* kOther = "test.waits";
  std::atomic<int> tries{0};
  handlers.add(kOther, jobs_test::handler([&](std::span<const Job> jobs, pg::Transaction& tx) {
                 ++tries;
                 if (!is_released) throw base::TransientError{"not yet"};
                 return jobs_test::act(jobs, tx);
               }));
  auto one = spec(0);
  one.kind = kOther;
  auto rows = engine::jobs::AcceptedRows::of({&one}, ids);
  REQUIRE(rows);
  insert(*rows);
  onlooker().query("update engine.batch set is_apart = true");
  auto options = options_for();
  options.count = 2;
  workers.emplace(around(), options);
  REQUIRE(eventually([&] { return tries >= 2; }));

  accept(1);
  CHECK(eventually([&] { return ends() == "1 completed"; }));
  release();
  CHECK(eventually([&] { return ends() == "2 completed"; }));
}
