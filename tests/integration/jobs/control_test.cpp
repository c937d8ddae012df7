#include "engine/jobs/control_store.hpp"
#include "engine/jobs/status_store.hpp"
#include "engine/jobs/worker.hpp"
#include "jobs_case.hpp"
#include "pg/transaction.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <thread>

using engine::jobs::cancel_job;
using engine::jobs::EndedEarly;
using engine::jobs::find_job;
using engine::jobs::JobFilter;
using engine::jobs::JobState;
using engine::jobs::list_failures;
using engine::jobs::list_jobs;
using engine::jobs::text_of;
using jobs_test::JobsCase;

namespace {

class ControlCase : public JobsCase {
 public:
  EndedEarly cancel(wire::JobId id, const std::optional<std::string>& by = std::nullopt) {
    return cancel_job(*pool.acquire(), id, by);
  }
  void fail(const engine::jobs::Claim& claim, std::chrono::milliseconds retry_in) {
    fail_batch(*pool.acquire(),
               {1},
               claim,
               {.problem = {{"type", "test"}}, .retry_in = retry_in},
               piece_ids());
  }
  [[nodiscard]] std::string effects() { return value_of("select count(*) from effect"); }
};

}  // namespace

TEST_CASE_METHOD(ControlCase, "a cancelled job is never carried out", "[integration][jobs]") {
  const auto jobs = accept(3);
  const auto alone = accept(1).front();
  CHECK(cancel(jobs[1]) == EndedEarly::kDone);
  CHECK(cancel(alone) == EndedEarly::kDone);

  CHECK(status(jobs[1]).state == JobState::kCancelled);
  CHECK(status(jobs[1]).version > 1);
  CHECK(base::Json::parse(*status(alone).problem).at("type") == "urn:earshot:problem:cancelled");
  work_until_all_ended(jobs_test::act);
  CHECK(ends() == "2 completed, 2 cancelled");
  CHECK(effects() == "2");
  CHECK(value_of("select count(*) from engine.batch") == "0");
}

TEST_CASE_METHOD(ControlCase,
                 "wherever a job waits it can be cancelled: claimed, deferred, in a piece",
                 "[integration][jobs]") {
  SECTION("claimed by a worker that has not begun") {
    const auto id = accept(1).front();
    const auto claims = claim({1});
    CHECK(cancel(id) == EndedEarly::kDone);
    const auto connection = pool.acquire();
    pg::Transaction tx{*connection};
    CHECK(lock_work(tx, {1}, claims).jobs.empty());
  }
  SECTION("waiting for its retry") {
    const auto id = accept(1).front();
    fail(claim({1}).front(), std::chrono::hours{1});
    const auto before = status(id).version;
    CHECK(cancel(id) == EndedEarly::kDone);
    CHECK(status(id).version > before);
    CHECK(value_of("select count(*) from engine.deferred") == "0");
  }
  SECTION("in a piece of a batch that was split") {
    const auto jobs = accept(40);
    fail(claim({1}).front(), std::chrono::milliseconds{0});
    CHECK(cancel(jobs[20]) == EndedEarly::kDone);
    work_until_all_ended(jobs_test::act);
    CHECK(ends() == "39 completed, 1 cancelled");
    CHECK(effects() == "39");
  }
}

TEST_CASE_METHOD(ControlCase,
                 "who may not cancel, or comes too late, changes nothing",
                 "[integration][jobs]") {
  const auto id = accept(1).front();
  CHECK(cancel(id, "local-somebody") == EndedEarly::kAbsent);
  CHECK(cancel(wire::JobId{1}) == EndedEarly::kAbsent);
  CHECK(status(id).state == JobState::kAvailable);

  work_until_all_ended(jobs_test::act);
  CHECK(cancel(id) == EndedEarly::kFinal);
  CHECK(status(id).state == JobState::kCompleted);
  CHECK(cancel(accept(1).front(), spec(0).caller) == EndedEarly::kDone);
}

TEST_CASE_METHOD(ControlCase, "a job that is being carried out is busy", "[integration][jobs]") {
  const auto id = accept(1).front();
  const auto claims = claim({1});
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  REQUIRE(lock_work(tx, {1}, claims).jobs.size() == 1);
  CHECK(cancel(id) == EndedEarly::kBusy);
}

TEST_CASE_METHOD(ControlCase,
                 "of cancelling and completing at once exactly one happens",
                 "[integration][jobs]") {
  constexpr int kJobs = 400;
  std::vector<wire::JobId> jobs;
  std::map<EndedEarly, int> said;
  {
    engine::jobs::HandlerRegistry handlers;
    handlers.add(kKind, jobs_test::handler(jobs_test::act));
    std::vector<std::unique_ptr<engine::jobs::Worker>> workers;
    for (int i = 0; i < 2; ++i) {
      workers.push_back(std::make_unique<engine::jobs::Worker>(
          pool, handlers, ids, accepted, appended, log, engine::jobs::WorkerOptions{}));
    }
    pg::Connection canceller{options()};
    while (jobs.size() < kJobs) {
      // Some alone, some with neighbours, which go on.
      for (const auto id : accept(static_cast<int>(jobs.size() % 3) + 1)) jobs.push_back(id);
      ++said[cancel_job(canceller, jobs.back(), std::nullopt)];
    }
    REQUIRE(support::eventually([&] { return open_jobs() == 0; }));
  }

  INFO(said[EndedEarly::kDone] << " cancelled, " << said[EndedEarly::kFinal] << " too late");
  CHECK(said[EndedEarly::kAbsent] == 0);
  CHECK(value_of("select count(*) from engine.result where state = 'cancelled'") ==
        std::to_string(said[EndedEarly::kDone]));
  CHECK(value_of("select count(*) from effect join engine.result r using (job_id) "
                 "where r.state = 'cancelled'") == "0");
  CHECK(value_of("select count(*) = count(distinct job_id) from effect") == "t");
  CHECK(value_of("select (select count(*) from engine.result where state = 'completed') = "
                 "(select count(*) from effect)") == "t");
}

TEST_CASE_METHOD(ControlCase,
                 "nobody claims a kind that is paused, until it is resumed",
                 "[integration][jobs]") {
  accept(2);
  CHECK(engine::jobs::pause_kind(*pool.acquire(), kKind));
  CHECK_FALSE(engine::jobs::pause_kind(*pool.acquire(), kKind));
  CHECK(claim({1}).empty());
  CHECK(engine::jobs::kind_stats(*pool.acquire()).front().is_paused);

  CHECK(engine::jobs::resume_kind(*pool.acquire(), kKind));
  CHECK_FALSE(engine::jobs::resume_kind(*pool.acquire(), kKind));
  CHECK(claim({1}).size() == 1);
}

TEST_CASE_METHOD(ControlCase,
                 "lists and figures tell how jobs stand as their resources do",
                 "[integration][jobs]") {
  accept(4);
  work_until_all_ended(jobs_test::act);
  const auto retryable = accept(1).front();
  fail(claim({1}).front(), std::chrono::hours{1});
  const auto cancelled = accept(1).front();
  REQUIRE(cancel(cancelled) == EndedEarly::kDone);
  accept(2);

  auto connection = pool.acquire();
  for (const auto& line : list_jobs(*connection, {})) {
    const auto resource = find_job(*connection, line.id);
    REQUIRE(resource);
    CHECK(line.state == std::string{text_of(resource->state)});
    CHECK(line.attempt == resource->attempt);
    CHECK(line.created_at == resource->created_at);
  }
  CHECK(list_jobs(*connection, {}).size() == 8);
  CHECK(list_jobs(*connection, {.limit = 3}).size() == 3);
  CHECK(list_jobs(*connection, {.state = "retryable"}).front().id == retryable);
  CHECK(list_jobs(*connection, {.kind = "test.other"}).empty());
  CHECK(list_failures(*connection, retryable).size() == 1);

  const auto stats = engine::jobs::kind_stats(*connection);
  REQUIRE(stats.size() == 1);
  CHECK(stats[0].ready == 2);
  CHECK(stats[0].claimed == 0);
  CHECK(stats[0].waiting == 1);
  CHECK(stats[0].completed == 4);
  CHECK(stats[0].cancelled == 1);
  CHECK_FALSE(stats[0].is_paused);
}
