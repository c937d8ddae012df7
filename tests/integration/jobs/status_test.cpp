#include "base/guarded.hpp"
#include "engine/jobs/janitor.hpp"
#include "engine/jobs/job_view.hpp"
#include "engine/jobs/worker.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using engine::jobs::Job;
using engine::jobs::JobState;
using engine::jobs::JobStatus;
using engine::jobs::Outcome;
using jobs_test::JobsCase;

namespace {

/// Writes down what it is told.
class Listener final : public engine::jobs::StatusPublisher {
 public:
  void publish(std::vector<JobStatus> statuses) noexcept override {
    heard_.with([&](std::vector<JobStatus>& heard) {
      for (JobStatus& status : statuses) heard.push_back(std::move(status));
    });
  }

  [[nodiscard]] std::vector<JobStatus> heard() const {
    return heard_.with([](const std::vector<JobStatus>& heard) { return heard; });
  }
  [[nodiscard]] bool has_heard(wire::JobId id, JobState state) const {
    for (const JobStatus& status : heard()) {
      if (status.id == id && status.state == state) return true;
    }
    return false;
  }

 private:
  base::Guarded<std::vector<JobStatus>> heard_;
};

class StatusCase : public JobsCase {
 public:
  void start(jobs_test::Handle handle, std::chrono::milliseconds retry_after) {
    handlers_.add(kKind,
                  jobs_test::handler(std::move(handle)),
                  {.first = retry_after, .longest = retry_after});
    engine::jobs::WorkerOptions options;
    options.statuses = &listener;
    worker_.emplace(pool, handlers_, ids, accepted, appended, log, options);
  }
  void stop() { worker_.reset(); }

  Listener listener;

 private:
  engine::jobs::HandlerRegistry handlers_;
  std::optional<engine::jobs::Worker> worker_;
};

}  // namespace

TEST_CASE_METHOD(StatusCase,
                 "whoever follows a job is told its end exactly as its resource shows it",
                 "[integration][jobs]") {
  start(
      [](std::span<const Job> jobs, pg::Transaction& tx) {
        auto outcomes = jobs_test::act(jobs, tx);
        for (std::size_t i = 0; i < jobs.size(); ++i) {
          if (jobs[i].args.at("n") == 1) {
            outcomes[i] = engine::jobs::Discarded{wire::problem::not_found("thing")};
          }
        }
        return outcomes;
      },
      std::chrono::milliseconds{1});

  const auto accepted_ids = accept(3);
  REQUIRE(support::eventually([&] { return listener.heard().size() == 3; }));
  for (const JobStatus& told : listener.heard()) {
    CAPTURE(told.id.text());
    CHECK(base::to_text(engine::jobs::job_view(told)) ==
          base::to_text(engine::jobs::job_view(status(told.id))));
  }
  CHECK(listener.has_heard(accepted_ids[0], JobState::kCompleted));
  CHECK(listener.has_heard(accepted_ids[1], JobState::kDiscarded));
}

TEST_CASE_METHOD(StatusCase,
                 "whoever follows a job is told that its attempt failed, and how it stands then",
                 "[integration][jobs]") {
  const auto id = accept(1, /*max_attempts=*/3).front();
  start([](std::span<const Job>,
           pg::Transaction&) -> std::vector<Outcome> { throw std::runtime_error{"no"}; },
        std::chrono::hours{1});

  REQUIRE(support::eventually([&] { return listener.has_heard(id, JobState::kRetryable); }));
  CHECK(base::to_text(engine::jobs::job_view(listener.heard().back())) ==
        base::to_text(engine::jobs::job_view(status(id))));
}

TEST_CASE_METHOD(StatusCase, "nothing is announced that did not commit", "[integration][jobs]") {
  // The second of two attempts finds that the job has ended meanwhile, and rolls back.
  const auto id = accept(1).front();
  start(
      [&](std::span<const Job> jobs, pg::Transaction& tx) {
        // The onlooker belongs to the test's own thread.
        pg::Connection{options()}.query(R"(
          insert into engine.result (job_id, state, attempt, problem)
          select id, 'cancelled', 1, '{}' from engine.job on conflict do nothing)");
        return jobs_test::act(jobs, tx);
      },
      std::chrono::milliseconds{1});

  REQUIRE(
      support::eventually([&] { return value_of("select count(*) from engine.batch") == "0"; }));
  stop();
  CHECK(status(id).state == JobState::kCancelled);
  CHECK(listener.heard().empty());
}

TEST_CASE_METHOD(StatusCase,
                 "whoever follows a job whose worker died is told so",
                 "[integration][jobs]") {
  const auto id = accept(1, /*max_attempts=*/1).front();
  REQUIRE(claim({1}, {.lease = std::chrono::seconds{0}}).size() == 1);

  const engine::jobs::Janitor janitor{
      pool,
      ids,
      accepted,
      log,
      {.rescue_every = std::chrono::milliseconds{10}, .statuses = &listener}};
  // The second time it was claimed alone.
  REQUIRE(support::eventually([&] { return !claim_apart({1}, std::chrono::seconds{0}).empty(); }));
  CHECK(support::eventually([&] { return listener.has_heard(id, JobState::kDiscarded); }));
}
