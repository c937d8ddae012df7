#include "engine/jobs/retention.hpp"

#include "jobs_case.hpp"
#include "pg/transaction.hpp"

#include <catch2/catch.hpp>

using engine::jobs::keep_days;
using engine::jobs::Retention;
using jobs_test::JobsCase;

namespace {

class RetentionCase : public JobsCase {
 public:
  /// A job accepted so many days ago, as if its partition had been there; ended unless told.
  void job_of(int days_ago, bool has_ended = true) {
    const std::string moment =
        "date_trunc('day', now()) - interval '" + std::to_string(days_ago) + " days'";
    onlooker().query("select engine.make_day(parent, " + moment +
                     ") from unnest(array['job', 'result', 'failure']) as parent");
    onlooker().query(
        "insert into engine.job (id, kind, caller, args, max_attempts) select "
        "engine.first_id_at(" +
        moment + "), 'test.act', 'local-61', '{}', 5");
    if (!has_ended) return;
    onlooker().query(
        "insert into engine.result (job_id, state, attempt, result) select "
        "engine.first_id_at(" +
        moment + "), 'completed', 1, '{}'");
  }
  [[nodiscard]] std::string days() {
    return value_of(
        "select count(*) from pg_inherits where inhparent = 'engine.job'::regclass and "
        "inhrelid <> 'engine.job_rest'::regclass");
  }
  [[nodiscard]] std::string jobs() { return value_of("select count(*) from engine.job"); }
  [[nodiscard]] std::string strays() { return value_of("select count(*) from engine.job_rest"); }
};

}  // namespace

TEST_CASE_METHOD(RetentionCase,
                 "days are made ahead, once, and jobs go into the day of their id",
                 "[integration][jobs]") {
  CHECK(keep_days(*pool.acquire(), {}).made == 4 * 4);
  CHECK(keep_days(*pool.acquire(), {}).made == 0);
  CHECK(days() == "4");

  accept(5);
  work_until_all_ended(jobs_test::act);
  CHECK(ends() == "5 completed");
  CHECK(strays() == "0");
  CHECK(value_of("select count(*) from engine.result_rest") == "0");
}

TEST_CASE_METHOD(RetentionCase,
                 "jobs of days that are over are dropped, with what belongs to them",
                 "[integration][jobs]") {
  job_of(9);
  job_of(8);
  job_of(6);
  const auto kept = keep_days(*pool.acquire(), {});
  CHECK(kept.dropped == 2);
  CHECK(jobs() == "1");
  CHECK(value_of("select count(*) from engine.result") == "1");
  CHECK(keep_days(*pool.acquire(), {}).dropped == 0);
}

TEST_CASE_METHOD(RetentionCase,
                 "a day with a job that is still to be done stays, however old",
                 "[integration][jobs]") {
  job_of(20);
  job_of(10, /*has_ended=*/false);
  onlooker().query(
      "insert into engine.deferred (job_id, run_at, kind, priority, attempt) select "
      "id, now() + interval '1 hour', kind, 0, 1 from engine.job where not exists "
      "(select from engine.result where job_id = id)");
  CHECK(keep_days(*pool.acquire(), {}).dropped == 1);
  CHECK(jobs() == "1");

  onlooker().query("delete from engine.deferred");
  CHECK(keep_days(*pool.acquire(), {}).dropped == 1);
  CHECK(jobs() == "0");
}

TEST_CASE_METHOD(RetentionCase,
                 "dropping and making give up where somebody is at work, and do it later",
                 "[integration][jobs]") {
  job_of(9);
  {
    const auto busy = pool.acquire();
    pg::Transaction tx{*busy};
    tx.query("select count(*) from engine.job");
    const auto before = std::chrono::steady_clock::now();
    CHECK(keep_days(*pool.acquire(), {}).dropped == 0);
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds{3});
    CHECK(jobs() == "1");
  }
  CHECK(keep_days(*pool.acquire(), {}).dropped == 1);
}

TEST_CASE_METHOD(RetentionCase,
                 "what came before there were partitions is kept, and deleted when it is too old",
                 "[integration][jobs]") {
  accept(3);
  CHECK(strays() == "3");
  // Today's jobs lie in the default partition, so today has none of its own.
  CHECK(keep_days(*pool.acquire(), {}).made > 0);
  work_until_all_ended(jobs_test::act);
  CHECK(ends() == "3 completed");

  onlooker().query(
      "insert into engine.job (id, kind, caller, args, max_attempts) select "
      "engine.first_id_at(now() - interval '30 days') + n, 'test.act', 'local-61', "
      "'{}', 5 from generate_series(1, 2500) as n");
  onlooker().query(
      "insert into engine.result (job_id, state, attempt, result) select id, "
      "'completed', 1, '{}' from engine.job_rest on conflict do nothing");
  CHECK(keep_days(*pool.acquire(), {}).stray_deleted == 2'500);
  CHECK(strays() == "3");
}
