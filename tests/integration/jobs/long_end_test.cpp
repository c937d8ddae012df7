#include "long_case.hpp"
#include "support/full.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <stdexcept>

using engine::jobs::cancel_job;
using engine::jobs::Completed;
using engine::jobs::discard_job;
using engine::jobs::EndedEarly;
using engine::jobs::Finished;
using engine::jobs::JobState;
using engine::jobs::JobStatus;

using engine::jobs::Run;
using support::eventually;
using namespace std::chrono_literals;
using jobs_test::done;
using jobs_test::Gate;
using jobs_test::LongCase;

TEST_CASE_METHOD(LongCase,
                 "a handler that does not stop keeps its thread, not its job",
                 "[integration][jobs][long]") {
  options_.grace = 50ms;
  Gate gate;
  std::atomic<bool> is_back{false};
  start([&](Run& run) -> std::optional<Finished> {
    gate.wait({});
    is_back = true;
    return done(run);
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kRunning));
  CHECK(cancel(id) == EndedEarly::kAsked);
  REQUIRE(becomes(id, JobState::kCancelled));
  gate.open();
  stop_all();
  CHECK(is_back);
  CHECK(status(id).state == JobState::kCancelled);
  CHECK(effects() == "0");
}

TEST_CASE_METHOD(LongCase,
                 "an attempt that takes too long is a failed one",
                 "[integration][jobs][long]") {
  start(
      [](Run& run) -> std::optional<Finished> {
        Gate never;
        never.wait(run.stop());
        return std::nullopt;
      },
      {.time_limit = 30ms});
  const auto id = accept(1, /*max_attempts=*/2).front();
  REQUIRE(becomes(id, JobState::kDiscarded));
  CHECK(status(id).attempt == 2);
  CHECK(base::Json::parse(*status(id).problem).at("status") == 504);
}

TEST_CASE_METHOD(LongCase,
                 "a lease is renewed for as long as its job runs",
                 "[integration][jobs][long]") {
  options_.lease = 400ms;
  Gate gate;
  std::atomic<int> runs{0};
  start([&](Run& run) -> std::optional<Finished> {
    ++runs;
    if (!gate.wait(run.stop())) return std::nullopt;
    return done(run);
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kRunning));
  // Longer than three leases, with a janitor that rescues every 20 ms.
  const std::string first = value_of("select now() + interval '1200 ms'");
  REQUIRE(eventually(
      [&] { return value_of("select leased_until > '" + first + "' from engine.batch") == "t"; }));
  gate.open();
  REQUIRE(becomes(id, JobState::kCompleted));
  CHECK(runs == 1);
  CHECK(status(id).attempt == 1);
}

TEST_CASE_METHOD(LongCase,
                 "a run that has lost its lease is stopped and stores nothing",
                 "[integration][jobs][long]") {
  options_.lease = 200ms;
  Gate gate;
  std::atomic<bool> is_stopped{false};
  start([&](Run& run) -> std::optional<Finished> {
    if (run.job().attempt > 1) return done(run);
    Gate never;
    never.wait(run.stop());
    is_stopped = run.stop_reason() == Run::StopReason::kLost;
    run.progress(99, "too late");
    gate.wait({});
    return done(run);
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kRunning));
  // As if its host had slept: the janitor takes the job away.
  onlooker().query("update engine.batch set leased_until = now() - interval '1 s', worker = 1");
  REQUIRE(becomes(id, JobState::kCompleted));
  REQUIRE(eventually([&] { return is_stopped.load(); }));
  gate.open();
  stop_all();
  CHECK(status(id).attempt == 2);
  CHECK(effects() == "1");
  CHECK_FALSE(status(id).percent.has_value());
}

TEST_CASE_METHOD(LongCase,
                 "repeats of a long job that are accepted in one commit hold up nothing",
                 "[integration][jobs][long]") {
  std::vector<engine::jobs::JobSpec> specs(8, spec(1));
  for (engine::jobs::JobSpec& one : specs) one.idempotency_key = "the-key";
  std::vector<const engine::jobs::JobSpec*> all;
  for (const engine::jobs::JobSpec& one : specs) all.push_back(&one);
  auto rows = engine::jobs::AcceptedRows::of(all, ids);
  REQUIRE(rows);
  insert(*rows);
  const auto other = accept(1).front();

  start([](Run& run) -> std::optional<Finished> { return done(run); }, {.running_max = 1});

  REQUIRE(becomes(other, JobState::kCompleted));
  REQUIRE(eventually([&] { return value_of("select count(*) from engine.batch") == "0"; }));
  CHECK(effects() == "2");
  CHECK(value_of("select count(*) from engine.run") == "2");
}

TEST_CASE_METHOD(LongCase,
                 "who stops gives running jobs back, and the attempt is not counted",
                 "[integration][jobs][long]") {
  std::atomic<int> runs{0};
  start([&](Run& run) -> std::optional<Finished> {
    if (++runs > 1) return done(run);
    Gate never;
    never.wait(run.stop());
    return std::nullopt;
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kRunning));
  REQUIRE(eventually([&] { return runs == 1; }));  // A stop before that is not the same.
  const std::int64_t version = status(id).version;
  stop_all();
  CHECK(status(id).state == JobState::kAvailable);
  CHECK(status(id).version > version);
  start_another();
  REQUIRE(becomes(id, JobState::kCompleted));
  CHECK(status(id).attempt == 1);
}

TEST_CASE_METHOD(LongCase,
                 "a job that was cancelled as its host stopped is not carried out again",
                 "[integration][jobs][long]") {
  Gate gate;
  options_.look_every = 1h;  // It does not hear of it.
  start([&](Run& run) -> std::optional<Finished> {
    Gate never;
    never.wait(run.stop());
    return std::nullopt;
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kRunning));
  CHECK(cancel(id) == EndedEarly::kAsked);
  SECTION("in order") {
    stop_all();
  }
  SECTION("and was never seen again") {
    onlooker().query("update engine.batch set leased_until = now() - interval '1 s', worker = 1");
  }
  REQUIRE(becomes(id, JobState::kCancelled));
  CHECK(value_of("select count(*) from engine.deferred") == "0");
}

TEST_CASE_METHOD(LongCase,
                 "a cancel and a completion in the same moment never both win",
                 "[integration][jobs][long]") {
  constexpr int kJobs = 200;
  const int rounds = support::is_full() ? 50 : 1;
  options_.threads = 8;
  std::atomic<int> seen{0};
  start(
      [&](Run& run) -> std::optional<Finished> {
        ++seen;
        if (run.stop().stop_requested()) return std::nullopt;
        return done(run);
      },
      {.running_max = 8});
  std::map<EndedEarly, int> said;
  for (int round = 0; round < rounds; ++round) {
    const int before = seen;
    const auto jobs = accept(kJobs);
    REQUIRE(eventually([&] { return seen > before; }));
    for (const auto id : jobs) ++said[cancel(id)];
    REQUIRE(eventually([&] { return open_jobs() == 0; }));
  }
  // Batches of which every job was cancelled go when somebody claims them.
  REQUIRE(eventually([&] { return value_of("select count(*) from engine.batch") == "0"; }));
  stop_all();
  INFO(said[EndedEarly::kDone] << " before, " << said[EndedEarly::kAsked] << " while, "
                               << said[EndedEarly::kFinal] << " after");
  CHECK(said[EndedEarly::kAbsent] == 0);
  CHECK(value_of("select count(*) from effect join engine.result using (job_id) "
                 "where state <> 'completed'") == "0");
  CHECK(value_of("select (select count(*) from effect) = "
                 "(select count(*) from engine.result where state = 'completed')") == "t");
}
