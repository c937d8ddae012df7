#include "engine/jobs/batch_inserter.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"
#include "support/inserted.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <set>

using engine::jobs::Accepted;
using engine::jobs::BatchInserter;
using engine::jobs::JobSpec;
using jobs_test::JobsCase;

namespace {

class BulkCase : public JobsCase {
 public:
  [[nodiscard]] static std::vector<JobSpec> specs(int count) {
    std::vector<JobSpec> all;
    for (int n = 0; n < count; ++n) all.push_back(spec(n));
    return all;
  }
  [[nodiscard]] static JobSpec keyed(int n, const std::string& key) {
    JobSpec one = spec(n);
    one.idempotency_key = key;
    return one;
  }
  [[nodiscard]] std::string jobs() { return value_of("select count(*) from engine.job"); }
};

using Reply = base::Result<std::vector<Accepted>, wire::Problem>;

}  // namespace

TEST_CASE_METHOD(BulkCase, "many jobs at once are one commit, in order", "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  const Reply reply = support::insert_all(inserter, specs(1'000));
  REQUIRE(reply);
  REQUIRE(reply->size() == 1'000);
  std::set<std::int64_t> distinct;
  for (const Accepted& one : *reply) {
    distinct.insert(one.status.id.value());
    CHECK_FALSE(one.is_replay);
  }
  CHECK(distinct.size() == 1'000);
  CHECK(value_of("select args->>'n' from engine.job where id = " +
                 std::to_string(reply->at(617).status.id.value())) == "617");
  CHECK(value_of("select count(distinct xmin::text) from engine.job") == "1");
}

TEST_CASE_METHOD(BulkCase,
                 "one key that was used for something else refuses all jobs of its array",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  REQUIRE(support::insert(inserter, keyed(1, "used")));

  std::vector<JobSpec> all = specs(3);
  all.push_back(keyed(2, "used"));
  all.push_back(keyed(3, "fresh"));
  const Reply refused = support::insert_all(inserter, all);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().type == "idempotency-key-reused");
  CHECK(jobs() == "1");
  // Not even its keys are left behind.
  const auto fresh = support::insert(inserter, keyed(77, "fresh"));
  REQUIRE(fresh);
  CHECK_FALSE(fresh->is_replay);
}

TEST_CASE_METHOD(BulkCase,
                 "an array sent twice is stored once, and so is what it names twice",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  const std::vector<JobSpec> all{keyed(1, "a"), keyed(2, "b"), keyed(1, "a")};
  const Reply first = support::insert_all(inserter, all);
  REQUIRE(first);
  CHECK(first->at(0).status.id == first->at(2).status.id);
  CHECK(first->at(2).is_replay);

  const Reply again = support::insert_all(inserter, all);
  REQUIRE(again);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(again->at(i).is_replay);
    CHECK(again->at(i).status.id == first->at(i).status.id);
  }
  CHECK(jobs() == "2");
}

TEST_CASE_METHOD(BulkCase,
                 "a job that the database refuses takes its whole array, and nobody else",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  std::vector<JobSpec> broken = specs(10);
  broken[7].args = "not json";
  std::vector<std::future<Reply>> replies;
  {
    const auto connection = pool.acquire();
    pg::Transaction blocker{*connection};
    blocker.query("lock table engine.batch in exclusive mode");
    for (const auto& one : {specs(20), broken, specs(30)}) {
      replies.push_back(std::async(
          std::launch::async, [&inserter, one] { return support::insert_all(inserter, one); }));
    }
    REQUIRE(support::eventually([&] {
      return value_of(
                 "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and "
                 "query ilike '%engine.batch%' and pid <> pg_backend_pid()") == "1";
    }));
  }
  CHECK(replies[0].get()->size() == 20);
  CHECK(replies[1].get().error().status == 500);
  CHECK(replies[2].get()->size() == 30);
  CHECK(jobs() == "50");
}

TEST_CASE_METHOD(BulkCase,
                 "the limit of the queue counts jobs, not requests",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log, {.queue_jobs_max = 99}};
  const Reply refused = support::insert_all(inserter, specs(100));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == 503);
  CHECK_THAT(refused.error().detail, Catch::Contains("Nothing was stored"));
  for (int round = 0; round < 3; ++round) CHECK(support::insert_all(inserter, specs(99)));
  CHECK(jobs() == "297");
}
