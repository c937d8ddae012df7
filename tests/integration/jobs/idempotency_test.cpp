#include "engine/jobs/batch_inserter.hpp"
#include "engine/jobs/retention.hpp"
#include "jobs_case.hpp"
#include "pg/error.hpp"
#include "pg/transaction.hpp"
#include "support/eventually.hpp"
#include "support/inserted.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <set>

using engine::jobs::AcceptedRows;
using engine::jobs::BatchInserter;
using engine::jobs::JobSpec;
using jobs_test::JobsCase;

namespace {

class KeyCase : public JobsCase {
 public:
  [[nodiscard]] static JobSpec keyed(int n, const std::string& key) {
    JobSpec one = spec(n);
    one.idempotency_key = key;
    return one;
  }
  [[nodiscard]] std::string jobs() { return value_of("select count(*) from engine.job"); }
  [[nodiscard]] std::string batches() { return value_of("select count(*) from engine.batch"); }

  /// Accepts one job as if it were `day`; the id of the job that has the key, and "same" or
  /// "other".
  std::string accept_on(const std::string& day, int n, const std::string& key) {
    const auto id = ids.next();
    REQUIRE(id);
    return value_of(
        "select owner || ' ' || is_same from engine.accept_keyed(array[" +
        std::to_string(id->value) +
        "]::bigint[], array['test.act'], array[0]::smallint[], "
        "array[1], array[9], array[" +
        std::to_string(id->job(0).value()) +
        "]::bigint[], array['test.act'], array['local-61'], array['{\"n\":" + std::to_string(n) +
        "}'], array[5]::smallint[], array[null], array['" + key + "'], '" + day + "')");
  }
};

}  // namespace

TEST_CASE_METHOD(KeyCase,
                 "a hundred repeats at once are one job, and all hear of it",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  BatchInserter other_process{pool, ids, accepted, log};
  std::vector<std::future<base::Result<engine::jobs::Accepted, wire::Problem>>> replies;
  for (int i = 0; i < 100; ++i) {
    BatchInserter& one = i % 2 == 0 ? inserter : other_process;
    replies.push_back(std::async(std::launch::async,
                                 [&one] { return support::insert(one, keyed(1, "the-key")); }));
  }

  std::set<std::int64_t> heard;
  int replays = 0;
  for (auto& reply : replies) {
    const auto stored = reply.get();
    REQUIRE(stored);
    heard.insert(stored->status.id.value());
    replays += stored->is_replay ? 1 : 0;
  }
  CHECK(heard.size() == 1);
  CHECK(replays == 99);
  CHECK(jobs() == "1");
  CHECK(batches() == "1");

  work_until_all_ended(jobs_test::act);
  CHECK(ends() == "1 completed");
  CHECK(support::insert(inserter, keyed(1, "the-key"))->status.id.value() == *heard.begin());
}

TEST_CASE_METHOD(KeyCase,
                 "a key that was used for something else is refused, and nothing is stored",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  REQUIRE(support::insert(inserter, keyed(1, "k")));

  const auto reused = support::insert(inserter, keyed(2, "k"));
  REQUIRE_FALSE(reused);
  CHECK(reused.error().status == 422);
  CHECK(reused.error().type == "idempotency-key-reused");

  JobSpec of_other_kind = keyed(1, "k");
  of_other_kind.kind = "test.other";
  CHECK_FALSE(support::insert(inserter, of_other_kind));
  CHECK(jobs() == "1");
  CHECK(batches() == "1");
}

TEST_CASE_METHOD(KeyCase,
                 "keys of different callers have nothing to do with each other",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  JobSpec of_other = keyed(2, "k");
  of_other.caller += "62";
  const auto first = support::insert(inserter, keyed(1, "k"));
  const auto second = support::insert(inserter, of_other);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(second->is_replay);
  CHECK(first->status.id != second->status.id);
  CHECK(jobs() == "2");
  // Neither a key nor what was asked can be read from the table.
  CHECK(value_of("select count(*) from engine.idempotency where length(key) <> 32 or "
                 "length(payload) <> 32") == "0");
}

TEST_CASE_METHOD(KeyCase,
                 "a group with new, repeated and reused keys and with none stores each job once",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  const auto before = support::insert(inserter, keyed(1, "old"));
  REQUIRE(before);

  const std::vector<JobSpec> specs{
      spec(10), keyed(1, "old"), keyed(2, "new"), keyed(2, "new"), keyed(3, "new"), spec(11)};
  std::vector<const JobSpec*> group;
  for (const JobSpec& one : specs) group.push_back(&one);
  auto rows = AcceptedRows::of(group, ids);
  REQUIRE(rows);
  rows->insert(*pool.acquire());

  const auto as_expected = [&] {
    CHECK_FALSE(rows->accepted(0)->is_replay);
    CHECK(rows->accepted(1)->is_replay);
    CHECK(rows->accepted(1)->status.id == before->status.id);
    CHECK_FALSE(rows->accepted(2)->is_replay);
    CHECK(rows->accepted(3)->is_replay);
    CHECK(rows->accepted(3)->status.id == rows->accepted(2)->status.id);
    CHECK(rows->accepted(4).error().status == 422);
    CHECK_FALSE(rows->accepted(5)->is_replay);
    CHECK(jobs() == "4");
  };
  as_expected();

  SECTION("and the same rows stored twice, as after a doubtful commit, are found") {
    CHECK_THROWS_AS(rows->insert(*pool.acquire()), pg::UniqueViolation);
    rows->find(*pool.acquire());
    as_expected();
  }
  SECTION("and all of them are carried out, over the holes in their batch") {
    work_until_all_ended(jobs_test::act);
    CHECK(ends() == "4 completed");
    CHECK(batches() == "0");
  }
}

TEST_CASE_METHOD(KeyCase,
                 "keys hold across midnight, whichever side is first, and end a day later",
                 "[integration][jobs]") {
  const std::string first = accept_on("2026-03-01", 1, "k");
  CHECK(accept_on("2026-03-01", 1, "k") == first);
  CHECK(accept_on("2026-03-02", 1, "k") == first);
  CHECK(accept_on("2026-03-02", 2, "k") == first.substr(0, first.find(' ')) + " false");
  // Not for ever, however often it is repeated.
  CHECK(accept_on("2026-03-03", 1, "k") != first);

  const std::string tomorrow = accept_on("2026-06-02", 1, "other");
  CHECK(accept_on("2026-06-01", 1, "other") == tomorrow);  // Its clock is behind.
  CHECK(accept_on("2026-06-02", 1, "other") == tomorrow);
}

TEST_CASE_METHOD(KeyCase, "days of keys that are over are dropped", "[integration][jobs]") {
  onlooker().query("select engine.make_key_day(now() - interval '5 days')");
  accept_on(value_of("select (now() at time zone 'UTC')::date - 5"), 1, "old");
  accept_on(value_of("select (now() at time zone 'UTC')::date"), 1, "new");
  CHECK(value_of("select count(*) from engine.idempotency") == "4");

  const auto kept = engine::jobs::keep_days(*pool.acquire(), {});
  CHECK(kept.key_days_dropped == 1);
  // The old key's second day lay in the default partition.
  CHECK(value_of("select count(*) from engine.idempotency") == "2");
}

TEST_CASE_METHOD(KeyCase,
                 "a job that comes while its day's partition is made is stored all the same",
                 "[integration][jobs]") {
  BatchInserter inserter{pool, ids, accepted, log};
  const auto [make, one] = GENERATE(std::pair{"select engine.make_key_day(now())", keyed(1, "k")},
                                    std::pair{"select engine.make_day('job', now())", spec(1)});
  pg::Connection janitor{options()};
  std::future<base::Result<engine::jobs::Accepted, wire::Problem>> reply;
  {
    pg::Transaction tx{janitor};
    REQUIRE(tx.query(make).one().get<bool>(0));
    reply =
        std::async(std::launch::async, [&, spec = one] { return support::insert(inserter, spec); });
    // It has chosen the default partition, which the making has locked.
    REQUIRE(support::eventually(
        [&] { return value_of("select count(*) from pg_locks where not granted") != "0"; }));
    tx.commit();
  }
  CHECK(reply.get());
  CHECK(jobs() == "1");
}
