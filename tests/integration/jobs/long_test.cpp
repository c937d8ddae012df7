#include "long_case.hpp"

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
                 "a long job shows how far it is and what came of it so far",
                 "[integration][jobs][long]") {
  Gate gate;
  start([&](Run& run) -> std::optional<Finished> {
    run.progress(40, "two of five");
    run.add_partial({{"area", 1}});
    run.add_partial({{"area", 2}});
    if (!gate.wait(run.stop())) return std::nullopt;
    run.progress(100, "all");
    run.add_partial({{"area", 3}});
    return done(run);
  });
  const auto id = accept(1).front();

  REQUIRE(eventually([&] { return status(id).percent.has_value(); }));
  const JobStatus running = status(id);
  CHECK(running.state == JobState::kRunning);
  CHECK(running.percent == 40);
  CHECK(running.note == "two of five");
  CHECK(base::Json::parse(running.partial) == base::Json::parse(R"([{"area":1},{"area":2}])"));
  CHECK(value_of("select state from engine.job_status") == "running");
  gate.open();

  REQUIRE(becomes(id, JobState::kCompleted));
  stop_all();
  const JobStatus ended = status(id);
  CHECK(ended.percent == 100);  // The last is always told.
  CHECK(base::Json::parse(ended.partial).size() == 3);
  CHECK(ended.result == R"({"is":"done"})");
  CHECK(effects() == "1");

  const auto heard = followers.heard();
  CHECK(std::ranges::is_sorted(heard, {}, &JobStatus::version));
  CHECK(heard.front().state == JobState::kRunning);
  CHECK(heard.back().state == JobState::kCompleted);
  CHECK(heard.back().version == ended.version);
  CHECK(heard.front().version > 1);
}

TEST_CASE_METHOD(LongCase,
                 "a running job that is cancelled stops and ends as cancelled",
                 "[integration][jobs][long]") {
  std::atomic<int> runs{0};
  start([&](Run& run) -> std::optional<Finished> {
    ++runs;
    Gate never;
    never.wait(run.stop());
    return std::nullopt;
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kRunning));
  const std::int64_t version = status(id).version;

  CHECK(cancel(id) == EndedEarly::kAsked);
  CHECK(status(id).stop_requested_at.has_value());
  REQUIRE(becomes(id, JobState::kCancelled));
  CHECK(status(id).version > version + 1);
  CHECK(cancel(id) == EndedEarly::kFinal);
  CHECK(runs == 1);
  CHECK(effects() == "0");
  CHECK(value_of("select count(*) from engine.batch") == "0");
}

TEST_CASE_METHOD(LongCase,
                 "who says no to a running job says how it ends",
                 "[integration][jobs][long]") {
  start([](Run& run) -> std::optional<Finished> {
    Gate never;
    never.wait(run.stop());
    throw std::runtime_error{"torn away"};  // Because it was asked to stop: no failure.
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kRunning));
  CHECK(discard_job(*pool.acquire(), id, "too dear") == EndedEarly::kAsked);
  REQUIRE(becomes(id, JobState::kDiscarded));
  CHECK(base::Json::parse(*status(id).problem).at("detail") == "too dear");
  CHECK(value_of("select count(*) from engine.failure") == "0");
}

TEST_CASE_METHOD(LongCase,
                 "of a kind no more run than may, however many there are to carry them out",
                 "[integration][jobs][long]") {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  start(
      [&](Run& run) -> std::optional<Finished> {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        run.database()->query("select pg_sleep(0.01)");
        --running;
        return done(run);
      },
      {.running_max = 2});
  start_another();
  accept(40);  // In one batch: each of them is carried out alone.
  REQUIRE(eventually([&] { return open_jobs() == 0; }));
  CHECK(ends() == "40 completed");
  CHECK(effects() == "40");
  CHECK(most == 2);
}

TEST_CASE_METHOD(LongCase,
                 "what cannot be stored fails the attempt, and the next one begins anew",
                 "[integration][jobs][long]") {
  start([](Run& run) -> std::optional<Finished> {
    run.add_partial({{"attempt", run.job().attempt}});
    if (run.job().attempt > 2) return done(run);
    if (run.job().attempt > 1) throw std::runtime_error{"broken"};
    return Finished{
        .outcome = Completed{.result = {}, .events = {}},
        .store = [](pg::Transaction& tx) { tx.query("insert into nowhere values (1)"); }};
  });
  const auto id = accept(1).front();
  REQUIRE(becomes(id, JobState::kCompleted));
  CHECK(status(id).attempt == 3);
  CHECK(status(id).partial == R"([{"attempt":3}])");
  CHECK(effects() == "1");
}

TEST_CASE_METHOD(LongCase,
                 "of two reports the later one stands, in whatever order they come",
                 "[integration][jobs][long]") {
  const auto id = accept(1).front();
  const auto connection = pool.acquire();
  const auto claimed = claim_run(*connection, ids, {1}, {{kKind, 1}}, 20s);
  REQUIRE(claimed);
  REQUIRE(claimed->job.id == id);
  const Run::Report second{
      .number = 2, .percent = 60, .note = "later", .first_place = 2, .pieces = {"2"}};
  const Run::Report first{
      .number = 1, .percent = 30, .note = "sooner", .first_place = 1, .pieces = {"1"}};
  CHECK(report_run(*connection, {1}, *claimed, second));
  CHECK(report_run(*connection, {1}, *claimed, first));
  CHECK(report_run(*connection, {1}, *claimed, second));
  CHECK(status(id).percent == 60);
  CHECK(status(id).partial == "[1, 2]");
  CHECK_FALSE(report_run(*connection, {2}, *claimed, second));  // Not its own.
}

TEST_CASE_METHOD(LongCase, "a job shows only so much", "[integration][jobs][long]") {
  Run run{{.id = wire::JobId{1}, .kind = kKind, .caller = "own-somebody", .args = {}}, pool};
  CHECK_THROWS_AS(run.progress(101, ""), std::out_of_range);
  CHECK_THROWS_AS(run.progress(1, std::string(Run::kNoteBytesMax + 1, 'x')), std::length_error);
  CHECK_THROWS_AS(run.add_partial(std::string(Run::kPartialBytesMax, 'x')), std::length_error);
  for (std::size_t n = 0; n < Run::kPartialsMax; ++n) run.add_partial(1);
  CHECK_THROWS_AS(run.add_partial(1), std::length_error);
  const auto report = run.take_report();
  REQUIRE(report);
  CHECK(report->pieces.size() == Run::kPartialsMax);
  CHECK_FALSE(run.take_report().has_value());
  run.give_back(*report);
  CHECK(run.take_report()->pieces.size() == Run::kPartialsMax);
}
