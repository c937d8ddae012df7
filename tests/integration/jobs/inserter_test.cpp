#include "engine/jobs/accept_store.hpp"
#include "jobs_case.hpp"
#include "pg/error.hpp"
#include "support/eventually.hpp"
#include "support/inserted.hpp"

#include <catch2/catch.hpp>

#include <future>

using engine::jobs::BatchInserter;
using jobs_test::JobsCase;
using namespace std::chrono_literals;

namespace {

using Answer = base::Result<engine::jobs::Accepted, wire::Problem>;

std::vector<std::future<Answer>> insert_from_many_threads(BatchInserter& inserter, int callers) {
  std::vector<std::future<Answer>> answers;
  for (int n = 0; n < callers; ++n) {
    answers.push_back(std::async(std::launch::async, [&inserter, n] {
      return support::insert(inserter, JobsCase::spec(n));
    }));
  }
  return answers;
}

constexpr auto kWaitingInserts =
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike "
    "'%engine.batch%' "
    "and pid <> pg_backend_pid()";

}  // namespace

TEST_CASE_METHOD(JobsCase,
                 "an inserted job is in the database when insert returns",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};

  const auto answer = support::insert(inserter, spec(7));

  REQUIRE(answer);
  CHECK(answer->status.state == engine::jobs::JobState::kAvailable);
  CHECK(value_of("select args->>'n' from engine.job where id = " +
                 std::to_string(answer->status.id.value())) == "7");
  CHECK(status(answer->status.id).created_at == answer->status.created_at);
}

TEST_CASE_METHOD(JobsCase, "what waits together is committed together", "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  const auto connection = pool.acquire();
  std::vector<std::future<Answer>> answers;
  {
    pg::Transaction blocker{*connection};
    blocker.query("lock table engine.batch in exclusive mode");
    answers = insert_from_many_threads(inserter, 40);
    REQUIRE(support::eventually([&] { return value_of(kWaitingInserts) == "1"; }));
    // The first commit waits for the lock; whoever is not in it joins the next one.
  }
  for (auto& answer : answers) REQUIRE(answer.get());

  CHECK(value_of("select count(*) from engine.job") == "40");
  CHECK(std::stoi(value_of("select count(*) from engine.batch")) < 20);
}

namespace {

/// An inserter whose next commit does not begin because time passes, and a first commit that stands
/// still until it is let go.
class CrowdCase : public JobsCase {
 public:
  explicit CrowdCase(std::size_t gather_jobs = 16)
      : inserter{pool,
                 ids,
                 accepted,
                 log,
                 {.gather_for = 1h, .crowd_window = 1h, .gather_jobs = gather_jobs}} {}

  void hand_in(int n) { answers.push_back(support::hand_in(inserter, {spec(n)})); }
  /// The jobs of `waiting` come while that of 0 is committed. Returns when it is.
  void hand_in_behind_a_commit(std::initializer_list<int> waiting) {
    const auto connection = pool.acquire();
    pg::Transaction blocker{*connection};
    blocker.query("lock table engine.batch in exclusive mode");
    hand_in(0);
    REQUIRE(support::eventually([&] { return value_of(kWaitingInserts) == "1"; }));
    for (const int n : waiting) hand_in(n);
    blocker.commit();
    answers.front().wait();
  }
  [[nodiscard]] std::string jobs_of_commits() {
    for (auto& answer : answers) REQUIRE(answer.get());
    answers.clear();
    return value_of("select string_agg(jobs::text, ' ' order by id) from engine.batch");
  }

  BatchInserter inserter;
  std::vector<std::future<BatchInserter::Reply>> answers;
};

struct FewCase : CrowdCase {
  FewCase() : CrowdCase{/*gather_jobs=*/2} {}
};

}  // namespace

TEST_CASE_METHOD(CrowdCase,
                 "a commit waits until all are back who were there at once",
                 "[integration][jobs]") {
  hand_in_behind_a_commit({1, 2});
  hand_in(3);
  CHECK(jobs_of_commits() == "1 3");

  for (const int n : {4, 5, 6}) hand_in(n);
  CHECK(jobs_of_commits() == "1 3 3");
}

TEST_CASE_METHOD(FewCase,
                 "a commit does not wait for all when it has jobs enough",
                 "[integration][jobs]") {
  hand_in_behind_a_commit({1, 2});
  CHECK(jobs_of_commits() == "1 2");
}

TEST_CASE_METHOD(CrowdCase,
                 "one caller alone never waits for others, however often it comes",
                 "[integration][jobs]") {
  for (int n = 0; n < 20; ++n) REQUIRE(support::insert(inserter, spec(n)));

  CHECK(value_of("select count(*) from engine.batch") == "20");
}

TEST_CASE_METHOD(JobsCase, "a commit in doubt is settled by its ids", "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  auto answers = [&] {
    const auto connection = pool.acquire();
    pg::Transaction blocker{*connection};
    blocker.query("lock table engine.batch in exclusive mode");
    auto waiting = insert_from_many_threads(inserter, 1);
    REQUIRE(support::eventually([&] { return value_of(kWaitingInserts) == "1"; }));
    terminate_backend(std::stoi(
        value_of("select pid from pg_stat_activity where wait_event_type = 'Lock' and query ilike "
                 "'%engine.batch%' and pid <> pg_backend_pid()")));
    return waiting;
  }();

  REQUIRE(answers[0].get());
  CHECK(value_of("select count(*) from engine.job") == "1");
}

TEST_CASE_METHOD(
    JobsCase,
    "a commit in doubt that can never be settled is refused as unknown, and not stored "
    "again under new ids",
    "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  std::vector<std::future<Answer>> answers;
  {
    const auto connection = pool.acquire();
    pg::Transaction blocker{*connection};
    blocker.query("lock table engine.batch in exclusive mode");
    answers = insert_from_many_threads(inserter, 2);
    REQUIRE(support::eventually([&] { return value_of(kWaitingInserts) == "1"; }));
    terminate_backend(std::stoi(
        value_of("select pid from pg_stat_activity where wait_event_type = 'Lock' and query ilike "
                 "'%engine.batch%' and pid <> pg_backend_pid()")));
    // The next attempt waits for the lock too, and then finds no such table.
    blocker.query("alter table engine.batch rename to elsewhere");
    blocker.commit();
  }
  int unknown = 0;
  for (auto& future : answers) {
    const Answer answer = future.get();
    REQUIRE_FALSE(answer);
    if (answer.error().status == 503) {
      CHECK_THAT(answer.error().detail, Catch::Contains("It is not known"));
      ++unknown;
    }
  }
  CHECK(unknown >= 1);
  CHECK(value_of("select count(*) from engine.job") == "0");

  SECTION("and the state ends with the fault") {
    onlooker().query("alter table engine.elsewhere rename to batch");
    CHECK(support::insert(inserter, spec(1)));
  }
}

TEST_CASE_METHOD(JobsCase,
                 "the same rows stored twice are found, not doubled",
                 "[integration][jobs]") {
  const engine::jobs::JobSpec one = spec(1);
  auto rows = engine::jobs::AcceptedRows::of({&one}, ids);
  REQUIRE(rows);
  rows->insert(*pool.acquire());

  CHECK_THROWS_AS(rows->insert(*pool.acquire()), pg::UniqueViolation);
  rows->find(*pool.acquire());

  CHECK(rows->status(0).created_at == status(rows->status(0).id).created_at);
}

TEST_CASE_METHOD(JobsCase,
                 "without a database the answer is 503 in time, and says that nothing is stored",
                 "[integration][jobs]") {
  pg::ConnectionOptions nowhere = options();
  nowhere.url = "postgresql://nobody@127.0.0.1:1/nothing";
  pg::Pool broken{nowhere, {}, log};
  BatchInserter inserter{broken, ids, accepted, log, {.wait_max = 300ms}};

  const auto answer = support::insert(inserter, spec(1));

  REQUIRE_FALSE(answer);
  CHECK(answer.error().status == 503);
  CHECK(answer.error().retry_after.has_value());
  CHECK_THAT(answer.error().detail, Catch::Contains("Nothing was stored"));
}

TEST_CASE_METHOD(JobsCase, "a full queue answers 503 at once", "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log, {.queue_jobs_max = 0}};
  const auto answer = support::insert(inserter, spec(1));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().status == 503);
}

TEST_CASE_METHOD(JobsCase,
                 "a job that the database refuses does not take its neighbours with it",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  std::vector<std::future<Answer>> answers;
  {
    const auto connection = pool.acquire();
    pg::Transaction blocker{*connection};
    blocker.query("lock table engine.batch in exclusive mode");
    answers = insert_from_many_threads(inserter, 10);
    answers.push_back(std::async(std::launch::async, [&] {
      engine::jobs::JobSpec broken = spec(99);
      broken.args = "not json";
      return support::insert(inserter, broken);
    }));
    REQUIRE(support::eventually([&] { return value_of(kWaitingInserts) == "1"; }));
  }
  for (std::size_t i = 0; i < 10; ++i) CHECK(answers[i].get());
  CHECK(answers[10].get().error().status == 500);
  CHECK(value_of("select count(*) from engine.job") == "10");
}
