#include "engine/jobs/control_store.hpp"
#include "engine/jobs/retention.hpp"
#include "engine/jobs/status_store.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"
#include "support/inserted.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using engine::jobs::BatchInserter;
using engine::jobs::cancel_job;
using engine::jobs::Claim;
using engine::jobs::discard_job;
using engine::jobs::Job;
using engine::jobs::JobState;
using engine::jobs::JobStatus;
using engine::jobs::Outcome;
using engine::jobs::promote_due;
using engine::jobs::redrive_jobs;
using engine::jobs::Snoozed;
using jobs_test::JobsCase;

namespace {

class DetourCase : public JobsCase {
 public:
  void fail(const Claim& claim) {
    fail_batch(
        *pool.acquire(), {1}, claim, {.problem = {{"type", "test"}}, .retry_in = 0ms}, piece_ids());
  }
  /// All attempts that a job still has.
  void fail_to_the_end(wire::JobId id) {
    while (!is_final(status(id).state)) {
      for (const Claim& one : claim({1})) fail(one);
      promote();
    }
  }
  int promote() { return promote_due(*pool.acquire(), piece_ids()); }
  std::string redrive(wire::JobId id) { return redrive_jobs(*pool.acquire(), {id}).front().said; }
  void make_due() { onlooker().query("update engine.deferred set run_at = now()"); }

  /// One attempt with these outcomes; how the jobs stand as the worker would tell it.
  std::vector<JobStatus> carry_out(const std::vector<Outcome>& outcomes) {
    const auto claims = claim({1});
    const auto connection = pool.acquire();
    pg::Transaction tx{*connection};
    const auto work = lock_work(tx, {1}, claims);
    complete_and_commit(tx, work, outcomes, "test");
    return statuses_after(work, outcomes);
  }
  void check_is_as_told(const JobStatus& told) {
    const JobStatus found = status(told.id);
    CHECK(told.state == found.state);
    CHECK(told.version == found.version);
    CHECK(told.attempt == found.attempt);
    CHECK(told.max_attempts == found.max_attempts);
    CHECK(told.scheduled_at - found.scheduled_at < 1s);
    CHECK(found.scheduled_at - told.scheduled_at < 1s);
  }
};

const Outcome kDone = engine::jobs::Completed{.result = {{"is", "done"}}, .events = {}};

}  // namespace

TEST_CASE_METHOD(DetourCase,
                 "a discarded job is carried out again, with as many attempts as at first",
                 "[integration][jobs]") {
  const auto id = accept(1, 2).front();
  fail_to_the_end(id);
  REQUIRE(status(id).state == JobState::kDiscarded);
  std::int64_t version = status(id).version;

  for (int attempts = 4; attempts <= 6; attempts += 2) {
    REQUIRE(redrive(id) == "redriven");
    CHECK(status(id).state == JobState::kRetryable);
    CHECK(status(id).version > version);
    CHECK(status(id).max_attempts == attempts);
    promote();
    fail_to_the_end(id);
    CHECK(status(id).state == JobState::kDiscarded);
    CHECK(status(id).attempt == attempts);
    CHECK(status(id).version > version);
    version = status(id).version;
  }

  REQUIRE(redrive(id) == "redriven");
  promote();
  const auto told = carry_out({kDone});
  CHECK(told.front().version > version);
  check_is_as_told(told.front());
  CHECK(engine::jobs::list_failures(*pool.acquire(), id).size() == 6);
  CHECK(value_of("select max_attempts from engine.job_status") == "8");
}

TEST_CASE_METHOD(DetourCase,
                 "what a handler said no to, and what was cancelled, can be sent round again",
                 "[integration][jobs]") {
  const auto id = accept(1).front();
  SECTION("a handler's no") {
    carry_out({engine::jobs::Discarded{wire::problem::internal()}});
  }
  SECTION("cancelled before any attempt") {
    REQUIRE(cancel_job(*pool.acquire(), id, std::nullopt) == engine::jobs::EndedEarly::kDone);
  }
  SECTION("cancelled after a failed attempt") {
    fail(claim({1}).front());
    REQUIRE(cancel_job(*pool.acquire(), id, std::nullopt) == engine::jobs::EndedEarly::kDone);
  }
  SECTION("discarded by an operator") {
    REQUIRE(discard_job(*pool.acquire(), id, "not wanted") == engine::jobs::EndedEarly::kDone);
    CHECK(base::Json::parse(*status(id).problem).at("detail") == "not wanted");
  }
  const auto before = status(id).version;
  REQUIRE(redrive(id) == "redriven");
  CHECK(status(id).version > before);
  const auto waiting = status(id).version;
  promote();
  CHECK(status(id).version > waiting);
  const auto told = carry_out({kDone});
  check_is_as_told(told.front());
  CHECK(told.front().version > waiting + 1);
}

TEST_CASE_METHOD(DetourCase,
                 "what cannot be sent round again is told apart",
                 "[integration][jobs]") {
  const auto done = accept(1).front();
  carry_out({kDone});
  CHECK(redrive(done) == "completed");
  CHECK(redrive(wire::JobId{77}) == "absent");
  const auto jobs = accept(2);
  CHECK(redrive(jobs[0]) == "open");

  // Its batch has a neighbour that was not carried out yet, and would bring it along.
  REQUIRE(cancel_job(*pool.acquire(), jobs[0], std::nullopt) == engine::jobs::EndedEarly::kDone);
  CHECK(redrive(jobs[0]) == "busy");
  carry_out({kDone});
  CHECK(redrive(jobs[0]) == "redriven");
  CHECK(redrive(jobs[0]) == "open");
  promote();
  carry_out({kDone});
  CHECK(ends() == "3 completed");

  const auto worn = accept(1).front();
  onlooker().query("insert into engine.detour (job_id, redrives) values (" +
                   std::to_string(worn.value()) + ", 100)");
  fail_to_the_end(worn);
  CHECK(redrive(worn) == "spent");
  CHECK(status(worn).state == JobState::kDiscarded);
}

TEST_CASE_METHOD(DetourCase,
                 "a snoozed job comes back, and its attempts are not counted",
                 "[integration][jobs]") {
  const auto jobs = accept(3, 1);
  std::int64_t version = status(jobs[1]).version;
  auto told = carry_out({kDone, Snoozed{1h}, kDone});
  for (int round = 0; round < 4; ++round) {
    const JobStatus& snoozed = round == 0 ? told[1] : told[0];
    CHECK(snoozed.state == JobState::kScheduled);
    CHECK(snoozed.attempt == 0);
    CHECK(snoozed.version > version);
    check_is_as_told(snoozed);
    version = snoozed.version;
    CHECK(promote() == 0);
    make_due();
    CHECK(promote() == 1);
    CHECK(status(jobs[1]).version == version + 1);
    told = carry_out({Snoozed{1h}});
  }
  make_due();
  promote();
  told = carry_out({kDone});
  check_is_as_told(told.front());
  CHECK(ends() == "3 completed");
  CHECK(value_of("select count(*) from engine.failure") == "0");
}

TEST_CASE_METHOD(DetourCase,
                 "a job cannot be snoozed for ever at once, and nothing of the attempt is stored",
                 "[integration][jobs]") {
  accept(2);
  CHECK_THROWS_AS(carry_out({kDone, Snoozed{engine::jobs::kSnoozeMax + 1h}}), std::out_of_range);
  CHECK(open_jobs() == 2);
}

TEST_CASE_METHOD(DetourCase, "a job runs at its time, not before", "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  auto later = spec(1);
  later.run_at = std::chrono::floor<std::chrono::milliseconds>(clock.wall()) + 1h;
  later.idempotency_key = "later";
  auto at_once = spec(2);

  const auto replies = support::insert_all(inserter, {later, at_once, later});
  REQUIRE(replies);
  const JobStatus scheduled = replies->at(0).status;
  CHECK(replies->at(2).is_replay);
  CHECK(scheduled.state == JobState::kScheduled);
  CHECK(scheduled.scheduled_at == *later.run_at);
  check_is_as_told(scheduled);
  CHECK(value_of("select state from engine.job_status where id = " +
                 std::to_string(scheduled.id.value())) == "scheduled");

  CHECK(promote() == 0);
  carry_out({kDone});
  CHECK(claim({1}).empty());
  CHECK(support::insert(inserter, later)->is_replay);

  make_due();
  CHECK(promote() == 1);
  CHECK(status(scheduled.id).version > scheduled.version);
  check_is_as_told(carry_out({kDone}).front());
  CHECK(ends() == "2 completed");

  auto without_key = spec(3);
  without_key.run_at = clock.wall() - 1h;
  REQUIRE(support::insert(inserter, without_key));
  CHECK(promote() == 1);
}

TEST_CASE_METHOD(DetourCase, "a scheduled job can be cancelled", "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  auto later = spec(1);
  later.run_at = clock.wall() + 1h;
  const auto id = support::insert(inserter, later)->status.id;
  CHECK(cancel_job(*pool.acquire(), id, std::nullopt) == engine::jobs::EndedEarly::kDone);
  CHECK(status(id).state == JobState::kCancelled);
  make_due();
  CHECK(promote() == 0);
}

TEST_CASE_METHOD(DetourCase, "each kind has its own pause before a retry", "[integration][jobs]") {
  const auto id = accept(1).front();
  engine::jobs::HandlerRegistry handlers;
  handlers.add(
      kKind,
      jobs_test::handler([](std::span<const Job>, pg::Transaction&) -> std::vector<Outcome> {
        throw std::runtime_error{"no"};
      }),
      {.first = 100'000h, .longest = 100'000h});
  {
    engine::jobs::Worker worker{pool, handlers, ids, accepted, appended, log};
    REQUIRE(support::eventually([&] { return status(id).state == JobState::kRetryable; }));
  }
  // With full jitter anything up to the bound may come; this short it comes once in 10^5 runs.
  CHECK(status(id).scheduled_at > clock.wall() + 1h);
}

TEST_CASE_METHOD(DetourCase,
                 "what is kept of jobs that are gone is dropped",
                 "[integration][jobs]") {
  accept(1);
  carry_out({Snoozed{1h}});
  onlooker().query("insert into engine.detour (job_id, snoozes) values (4711, 1)");
  CHECK(engine::jobs::keep_days(*pool.acquire(), {}).dropped == 0);
  CHECK(value_of("select count(*) from engine.detour where job_id = 4711") == "0");
  CHECK(value_of("select count(*) from engine.detour") == "1");
}
