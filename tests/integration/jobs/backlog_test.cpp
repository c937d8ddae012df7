// What a worker reads of engine.batch while many wait, with plans that were made while none did.
#include "jobs_case.hpp"

#include <catch2/catch.hpp>

using jobs_test::JobsCase;

namespace {

/// Makes 5,000 batches wait, and counts how many a transaction reads.
class BacklogCase : public JobsCase {
 public:
  static int read_batches(pg::Transaction& tx) {
    return tx
        .query(
            "select (seq_tup_read + idx_tup_fetch)::int from pg_stat_xact_all_tables "
            "where relid = 'engine.batch'::regclass")
        .one()
        .get<std::int32_t>(0);
  }
  void make_backlog(const std::string& kind) {
    onlooker().query("insert into engine.batch (id, kind, priority, jobs) select n, '" + kind +
                     "', 5, 1 from generate_series(1, 5000) n");
  }
  void believe_in_none() { onlooker().query("vacuum analyze engine.batch"); }
};

}  // namespace

TEST_CASE_METHOD(BacklogCase,
                 "a claim looks at nothing that waits and is not for it",
                 "[integration][jobs]") {
  constexpr pg::Statement kClaim{
      "c", "select batch_id from engine.claim(1, array['test.act', 'held'], 512, 1000, '20 s')"};
  const auto connection = pool.acquire();
  const auto read_by_claim = [&] {
    pg::Transaction tx{*connection};
    CHECK(tx.run(kClaim).size() == 1);
    return read_batches(tx);
  };
  accept(1);
  believe_in_none();
  (void)read_by_claim();

  SECTION("of kinds that are held back") {
    make_backlog("held");
    onlooker().query("insert into engine.paused_kind (kind) values ('held')");
  }
  SECTION("of kinds that others carry out") {
    make_backlog("other");
  }
  CHECK(read_by_claim() < 10);
}

TEST_CASE_METHOD(BacklogCase,
                 "a claim of long work looks at the first that waits only",
                 "[integration][jobs]") {
  constexpr pg::Statement kClaim{
      "c",
      "select outcome from engine.claim_run("
      "1, array['test.act', 'held'], array[9, 9], array[]::bigint[], '20 s')"};
  const auto connection = pool.acquire();
  const auto read_by_claim = [&] {
    pg::Transaction tx{*connection};
    CHECK(tx.run(kClaim).one().get<std::string>(0) == "run");
    return read_batches(tx);
  };
  accept(1);
  believe_in_none();
  (void)read_by_claim();
  make_backlog(GENERATE("held", "test.act"));
  onlooker().query("insert into engine.paused_kind (kind) values ('held')");

  CHECK(read_by_claim() < 10);
}

TEST_CASE_METHOD(BacklogCase,
                 "claims are renewed and given back without a look at those that wait",
                 "[integration][jobs]") {
  constexpr pg::Statement kRenew{
      "r", "select count(*) from engine.renew_runs($1, array[1::smallint], 1, '20 s')"};
  constexpr pg::Statement kGiveBack{"g", "select engine.give_back($1, array[1::smallint], 1)"};
  const auto connection = pool.acquire();
  accept(1);
  const std::vector<std::int64_t> claimed{claim({1}).at(0).batch.value};
  const auto read_by_both = [&] {
    pg::Transaction tx{*connection};
    CHECK(tx.run(kRenew, claimed).one().get<std::int64_t>(0) == 1);
    CHECK(tx.run(kGiveBack, claimed).one().get<std::int32_t>(0) == 1);
    return read_batches(tx);
  };
  believe_in_none();
  (void)read_by_both();
  make_backlog("other");

  CHECK(read_by_both() < 10);
}

TEST_CASE_METHOD(BacklogCase,
                 "a claim locks its own batches without a look at those that wait",
                 "[integration][jobs]") {
  const bool is_list = GENERATE(false, true);
  const auto connection = pool.acquire();
  const auto read_by_lock = [&] {
    accept(1);
    if (is_list)
      onlooker().query("update engine.batch set job_ids = array[id << 12] where jobs = 1");
    const auto claims = claim({1});
    pg::Transaction tx{*connection};
    REQUIRE(lock_work(tx, {1}, claims).jobs.size() == 1);
    return read_batches(tx);
  };
  believe_in_none();
  (void)read_by_lock();
  make_backlog("other");

  CHECK(read_by_lock() < 10);
}
