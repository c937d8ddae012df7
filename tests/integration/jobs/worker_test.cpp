#include "engine/jobs/worker.hpp"

#include "base/file_descriptor.hpp"
#include "base/guarded.hpp"
#include "jobs_case.hpp"
#include "pg/error.hpp"
#include "support/eventually.hpp"
#include "support/inserted.hpp"
#include "support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

using engine::jobs::Job;
using engine::jobs::JobState;
using engine::jobs::Outcome;
using jobs_test::JobsCase;

namespace {

/// True when every job had exactly one effect.
constexpr auto kEffectsMatchResults = R"(
  select not exists (
    select 1
    from (select job_id, count(*) as effects from effect group by job_id) as acted
    full join (select job_id from engine.result where state = 'completed') as ended using (job_id)
    where acted.effects is distinct from 1 or ended.job_id is null))";

/// Keeps what is written to standard error meanwhile in a file.
class KeptErrors {
 public:
  KeptErrors() : before_{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)} {
    const base::FileDescriptor file{
        ::open(path().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)};
    ::dup2(file.get(), STDERR_FILENO);
  }
  KeptErrors(const KeptErrors&) = delete;
  KeptErrors& operator=(const KeptErrors&) = delete;
  ~KeptErrors() { ::dup2(before_.get(), STDERR_FILENO); }

  [[nodiscard]] std::string text() const { return support::content_of(path()); }

 private:
  [[nodiscard]] std::string path() const { return scratch_.path() / "errors"; }

  support::ScratchFolder scratch_;
  base::FileDescriptor before_;
};

}  // namespace

TEST_CASE_METHOD(JobsCase, "effects, results and events come together", "[integration][jobs]") {
  const auto ids_accepted = accept(500);

  work_until_all_ended(jobs_test::act, /*workers=*/3);

  CHECK(ends() == "500 completed");
  CHECK(value_of(kEffectsMatchResults) == "t");
  CHECK(value_of("select count(*) from engine.event") == "500");
  CHECK(value_of("select count(*) from engine.batch") == "0");
  const auto last = status(ids_accepted.back());
  CHECK(last.result == R"({"n":499})");
  CHECK(last.version == 2);
  CHECK(last.finalized_at.has_value());
}

TEST_CASE_METHOD(JobsCase, "a poison job ends alone", "[integration][jobs]") {
  const auto ids_accepted = accept(200, /*max_attempts=*/2);

  work_until_all_ended([](std::span<const Job> jobs, pg::Transaction& tx) {
    for (const Job& job : jobs) {
      if (job.args.at("n") == 77) throw std::runtime_error{"poison"};
    }
    return jobs_test::act(jobs, tx);
  });

  CHECK(ends() == "199 completed, 1 discarded");
  CHECK(value_of(kEffectsMatchResults) == "t");
  const auto poison = status(ids_accepted[77]);
  CHECK(poison.state == JobState::kDiscarded);
  CHECK(poison.attempt == 2);
  CHECK(poison.problem.has_value());
  CHECK(value_of("select count(*) from engine.failure") == "2");
}

TEST_CASE_METHOD(JobsCase,
                 "a job and its events keep the ids of its request, and log lines name them",
                 "[integration][jobs]") {
  constexpr auto kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  engine::jobs::BatchInserter inserter{pool, ids, accepted, log};
  const auto ask = [&](int n, const std::optional<std::string>& key) {
    auto one = spec(n, /*max_attempts=*/1);
    one.traceparent = kTrace;
    one.request_id = "request-" + std::to_string(n);
    one.idempotency_key = key;
    return support::insert(inserter, std::move(one))->status.id;
  };
  ask(0, std::nullopt);
  ask(1, "key");
  const auto poison = ask(2, std::nullopt);
  std::string said;
  {
    const KeptErrors errors;
    work_until_all_ended([](std::span<const Job> jobs, pg::Transaction& tx) {
      for (const Job& job : jobs) {
        if (job.args.at("n") == 2) throw std::runtime_error{"poison"};
      }
      return jobs_test::act(jobs, tx);
    });
    said = errors.text();
  }
  CHECK(ends() == "2 completed, 1 discarded");
  CHECK(value_of("select string_agg(request_id, ' ' order by id) from engine.job") ==
        "request-0 request-1 request-2");
  CHECK(value_of("select string_agg(request_id, ' ' order by event_offset) from engine.event") ==
        "request-0 request-1");
  CHECK(value_of("select count(*) from engine.event where traceparent = '" + std::string{kTrace} +
                 "'") == "2");
  CHECK(said.find("an attempt failed  kind=\"test.act\"  job=\"" + poison.text() +
                  "\"  request_id=\"request-2\"  traceparent=\"" + kTrace +
                  "\"  reason=\"poison\"") != std::string::npos);
}

TEST_CASE_METHOD(JobsCase,
                 "a failed job is tried again, and its version only grows",
                 "[integration][jobs]") {
  const auto id = accept(1, /*max_attempts=*/3)[0];
  const auto claims = claim({1});
  const engine::jobs::FailedAttempt failed{.problem = {{"type", "test"}},
                                           .retry_in = std::chrono::milliseconds{0}};
  CHECK(status(id).version == 1);

  fail_batch(*pool.acquire(), {1}, claims[0], failed, piece_ids());
  const auto waiting = status(id);
  CHECK(waiting.state == JobState::kRetryable);
  CHECK(waiting.attempt == 1);
  CHECK(waiting.version == 2);

  REQUIRE(engine::jobs::promote_due(*pool.acquire(), piece_ids()) == 1);
  CHECK(status(id).state == JobState::kAvailable);
  CHECK(status(id).version == 3);

  work_until_all_ended(jobs_test::act);
  CHECK(status(id).state == JobState::kCompleted);
  CHECK(status(id).attempt == 2);
  CHECK(status(id).version == 4);
}

TEST_CASE_METHOD(JobsCase, "a retry waits for its time", "[integration][jobs]") {
  const auto id = accept(1)[0];
  const engine::jobs::FailedAttempt failed{.problem = {{"type", "test"}},
                                           .retry_in = std::chrono::hours{1}};
  fail_batch(*pool.acquire(), {1}, claim({1})[0], failed, piece_ids());

  CHECK(engine::jobs::promote_due(*pool.acquire(), piece_ids()) == 0);
  CHECK(status(id).state == JobState::kRetryable);
  CHECK(status(id).scheduled_at > status(id).created_at + std::chrono::minutes{59});
}

TEST_CASE_METHOD(JobsCase,
                 "a domain no ends the job at once with its problem",
                 "[integration][jobs]") {
  const auto id = accept(1)[0];

  work_until_all_ended([](std::span<const Job>, pg::Transaction&) {
    return std::vector<Outcome>{
        engine::jobs::Discarded{.problem = wire::problem::not_found("thing")}};
  });

  CHECK(status(id).state == JobState::kDiscarded);
  CHECK(status(id).attempt == 1);
  CHECK(base::Json::parse(*status(id).problem).at("status") == 404);
}

TEST_CASE_METHOD(JobsCase,
                 "a passing fault of the database costs no attempt",
                 "[integration][jobs]") {
  const auto id = accept(1)[0];
  std::atomic<int> calls{0};

  work_until_all_ended([&](std::span<const Job> jobs, pg::Transaction& tx) {
    if (++calls == 1)
      throw pg::TransientError{{.sqlstate = "40P01", .message = "deadlock", .constraint = ""}};
    return jobs_test::act(jobs, tx);
  });

  CHECK(calls == 2);
  CHECK(status(id).state == JobState::kCompleted);
  CHECK(status(id).attempt == 1);
}

TEST_CASE_METHOD(JobsCase,
                 "work whose connection dies is done again, once",
                 "[integration][jobs]") {
  accept(50);
  std::atomic<bool> is_cut{false};

  work_until_all_ended([&](std::span<const Job> jobs, pg::Transaction& tx) {
    auto outcomes = jobs_test::act(jobs, tx);
    if (!is_cut.exchange(true)) {
      constexpr pg::Statement kPid{"pid", "select pg_backend_pid()"};
      const int pid = tx.run(kPid).one().get<std::int32_t>(0);
      // The onlooker belongs to the test's own thread.
      pg::Connection{options()}.query("select pg_terminate_backend(" + std::to_string(pid) + ")");
    }
    return outcomes;
  });

  CHECK(is_cut);
  CHECK(ends() == "50 completed");
  CHECK(value_of(kEffectsMatchResults) == "t");
}

TEST_CASE_METHOD(JobsCase,
                 "a job that ended meanwhile is left out, its neighbours are not",
                 "[integration][jobs]") {
  const auto ids_accepted = accept(10);
  std::atomic<bool> is_cancelled{false};

  work_until_all_ended([&](std::span<const Job> jobs, pg::Transaction& tx) {
    if (!is_cancelled.exchange(true)) {
      pg::Connection{options()}.query(
          "insert into engine.result (job_id, state, attempt, problem) values (" +
          std::to_string(ids_accepted[3].value()) + ", 'cancelled', 0, '{}')");
    }
    return jobs_test::act(jobs, tx);
  });

  CHECK(ends() == "9 completed, 1 cancelled");
  CHECK(value_of(kEffectsMatchResults) == "t");
  CHECK(value_of("select count(*) from engine.event") == "9");
}

TEST_CASE_METHOD(JobsCase,
                 "an app's constraint that is named like the engine's fails the attempt",
                 "[integration][jobs]") {
  onlooker().query("create table tally (id bigint constraint result_x primary key)");
  onlooker().query("insert into tally values (1)");
  const auto ids_accepted = accept(1, /*max_attempts=*/2);

  work_until_all_ended([](std::span<const Job> jobs, pg::Transaction& tx) {
    tx.query("insert into tally values (1)");
    return jobs_test::act(jobs, tx);
  });

  CHECK(status(ids_accepted[0]).state == JobState::kDiscarded);
  CHECK(status(ids_accepted[0]).attempt == 2);
}

TEST_CASE_METHOD(JobsCase,
                 "a worker that is stopped ends what is at work and gives the rest back",
                 "[integration][jobs]") {
  const auto spec_of = [&](const char* kind) {
    auto one = spec(0);
    one.kind = kind;
    return one;
  };
  const std::vector<engine::jobs::JobSpec> specs{spec_of("test.act"), spec_of("test.later")};
  auto rows = engine::jobs::AcceptedRows::of({&specs[0], &specs[1]}, ids);
  REQUIRE(rows);
  insert(*rows);

  base::Guarded<bool> is_at_work{false};
  engine::jobs::HandlerRegistry handlers;
  handlers.add("test.act", jobs_test::handler([&](auto jobs, auto& tx) {
                 is_at_work.update([](bool& at_work) { at_work = true; });
                 // Until the stop is on its way.
                 constexpr pg::Statement kWait{"wait", "select pg_sleep(0.3)"};
                 tx.run(kWait);
                 return jobs_test::act(jobs, tx);
               }));
  handlers.add("test.later", jobs_test::handler(jobs_test::act));
  {
    const engine::jobs::Worker worker{pool, handlers, ids, accepted, appended, log};
    REQUIRE(support::eventually([&] { return is_at_work.with([](bool at) { return at; }); }));
  }

  CHECK(status(rows->status(0).id).state == JobState::kCompleted);
  CHECK(status(rows->status(1).id).state == JobState::kAvailable);
  CHECK(value_of("select count(*) from engine.batch where worker is null and attempt = 0") == "1");
}

TEST_CASE_METHOD(JobsCase, "batches of a worker that died are taken over", "[integration][jobs]") {
  accept(40);
  accept(1);
  // Somebody claims both and is never seen again.
  REQUIRE(claim({1}, {.lease = std::chrono::seconds{0}}).size() == 2);

  work_until_all_ended(jobs_test::act);

  CHECK(ends() == "41 completed");
  CHECK(value_of(kEffectsMatchResults) == "t");
}

TEST_CASE_METHOD(JobsCase,
                 "a handler that forgets a job fails its attempt",
                 "[integration][jobs]") {
  const auto ids_accepted = accept(1, /*max_attempts=*/1);

  work_until_all_ended(
      [](std::span<const Job>, pg::Transaction&) { return std::vector<Outcome>{}; });

  CHECK(status(ids_accepted[0]).state == JobState::kDiscarded);
}

TEST_CASE_METHOD(JobsCase, "a result that is too large fails its attempt", "[integration][jobs]") {
  const auto ids_accepted = accept(1, /*max_attempts=*/1);

  work_until_all_ended([](std::span<const Job> jobs, pg::Transaction& tx) {
    auto outcomes = jobs_test::act(jobs, tx);
    std::get<engine::jobs::Completed>(outcomes[0]).result =
        std::string(engine::jobs::kResultBytesMax, 'x');
    return outcomes;
  });

  CHECK(status(ids_accepted[0]).state == JobState::kDiscarded);
  CHECK(value_of("select count(*) from effect") == "0");
}

TEST_CASE_METHOD(JobsCase,
                 "an event that no broker would take fails its attempt",
                 "[integration][jobs]") {
  const auto ids_accepted = accept(1, /*max_attempts=*/1);

  work_until_all_ended([](std::span<const Job> jobs, pg::Transaction& tx) {
    auto outcomes = jobs_test::act(jobs, tx);
    std::get<engine::jobs::Completed>(outcomes[0]).events[0].data = std::string(40'000, 'x');
    return outcomes;
  });

  CHECK(status(ids_accepted[0]).state == JobState::kDiscarded);
  CHECK(value_of("select count(*) from engine.event") == "0");
}
