#include "base/error.hpp"
#include "jobs_case.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <set>

using engine::jobs::Claim;
using engine::jobs::WorkerId;
using jobs_test::JobsCase;
using namespace std::chrono_literals;

namespace {

std::set<std::int64_t> batches_of(const std::vector<Claim>& claims) {
  std::set<std::int64_t> batches;
  for (const Claim& claim : claims) batches.insert(claim.batch.value);
  return batches;
}

}  // namespace

TEST_CASE_METHOD(JobsCase,
                 "claims that are given back are ready again, and no attempt is counted",
                 "[integration][jobs]") {
  accept(3);
  accept(4);
  const auto claims = claim({1});
  REQUIRE(claims.size() == 2);

  CHECK(engine::jobs::give_back_claims(*pool.acquire(), {2}, claims) == 0);  // Not its own.
  CHECK(engine::jobs::give_back_claims(*pool.acquire(), {1}, claims) == 2);
  CHECK(engine::jobs::give_back_claims(*pool.acquire(), {1}, claims) == 0);  // Only once.

  const auto again = claim({2});
  REQUIRE(again.size() == 2);
  CHECK(again[0].attempt == 1);
  // The first worker's claims have the same number, and still they are worth nothing.
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  CHECK(lock_work(tx, {1}, claims).batches.empty());
}

TEST_CASE_METHOD(JobsCase, "two workers never claim the same batch", "[integration][jobs]") {
  for (int i = 0; i < 10; ++i) accept(1);
  // Both stay open, so that the row locks really meet.
  const auto first_connection = pool.acquire();
  const auto second_connection = pool.acquire();
  pg::Transaction first_tx{*first_connection};
  pg::Transaction second_tx{*second_connection};
  constexpr pg::Statement kClaim{"c",
                                 "select batch_id from engine.claim($1, $2, $3, 1000, '20 s')"};
  const std::vector<std::string> kinds{kKind};

  const pg::Rows first = first_tx.run(kClaim, std::int64_t{1}, kinds, 6);
  const pg::Rows second = second_tx.run(kClaim, std::int64_t{2}, kinds, 6);

  CHECK(first.size() == 6);
  CHECK(second.size() == 4);
  std::set<std::int64_t> all;
  for (const pg::Row row : first) all.insert(row.get<std::int64_t>(0));
  for (const pg::Row row : second) all.insert(row.get<std::int64_t>(0));
  CHECK(all.size() == 10);
}

TEST_CASE_METHOD(JobsCase,
                 "a claim takes the oldest batches up to its budget",
                 "[integration][jobs]") {
  for (int i = 0; i < 5; ++i) accept(10);

  const auto claims = claim({1}, {.jobs_max = 25});

  REQUIRE(claims.size() == 3);
  CHECK(claims[0].batch < claims[1].batch);
  CHECK(claims[1].batch < claims[2].batch);
  CHECK(claim({2}).size() == 2);
}

TEST_CASE_METHOD(JobsCase,
                 "one batch beyond the budget is claimed all the same",
                 "[integration][jobs]") {
  accept(100);
  CHECK(claim({1}, {.jobs_max = 1, .bytes_max = 1}).size() == 1);
}

TEST_CASE_METHOD(JobsCase, "an urgent batch goes before older ones", "[integration][jobs]") {
  accept(1);
  accept(1);
  onlooker().query(
      "update engine.batch set priority = -1 where id = (select max(id) from engine.batch)");

  const auto claims = claim({1}, {.jobs_max = 1});

  REQUIRE(claims.size() == 1);
  CHECK(std::to_string(claims[0].batch.value) == value_of("select max(id) from engine.batch"));
}

TEST_CASE_METHOD(JobsCase,
                 "a kind without a handler here stays for others",
                 "[integration][jobs]") {
  accept(1);
  CHECK(claim_batches(*pool.acquire(), WorkerId{1}, {"other.kind"}, {}).empty());
  CHECK(claim({1}).size() == 1);
}

TEST_CASE_METHOD(
    JobsCase,
    "of several kinds the one whose first batch is most urgent, then oldest, goes first",
    "[integration][jobs]") {
  onlooker().query(
      "insert into engine.batch (id, kind, priority, jobs) values "
      "(1, 'old', 0, 1), (2, 'mixed', 5, 1), (3, 'mixed', -1, 1), (4, 'new', 0, 1)");
  std::string order;
  while (true) {
    const auto claims =
        claim_batches(*pool.acquire(), WorkerId{1}, {"new", "mixed", "old"}, {.jobs_max = 1});
    if (claims.empty()) break;
    order += std::to_string(claims.at(0).batch.value) + " ";
  }
  CHECK(order == "3 1 4 2 ");

  // One claim empties a kind before it goes on to the next.
  onlooker().query("update engine.batch set worker = null, leased_until = null");
  std::string at_once;
  for (const Claim& one :
       claim_batches(*pool.acquire(), WorkerId{1}, {"new", "mixed", "old"}, {})) {
    at_once += std::to_string(one.batch.value) + " ";
  }
  CHECK(at_once == "3 2 1 4 ");
}

TEST_CASE_METHOD(JobsCase, "a lost claim locks nothing", "[integration][jobs]") {
  accept(3);
  const auto zombies = claim({1}, {.lease = std::chrono::seconds{0}});
  // The lease is over; the batch of three is split, each piece under a new id.
  REQUIRE(engine::jobs::rescue_batch(*pool.acquire(), {{"type", "test"}}, piece_ids()).is_any);
  std::vector<Claim> heirs;
  // Set apart, so one to a claim.
  for (int piece = 0; piece < 3; ++piece) heirs.push_back(claim_apart({2}).at(0));

  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  CHECK(lock_work(tx, {1}, zombies).batches.empty());
  CHECK(lock_work(tx, {2}, heirs).jobs.size() == 3);
}

TEST_CASE_METHOD(JobsCase,
                 "an older attempt of the same worker locks nothing",
                 "[integration][jobs]") {
  accept(1, /*max_attempts=*/5);
  REQUIRE(claim({1}, {.lease = std::chrono::seconds{0}}).size() == 1);
  REQUIRE_FALSE(engine::jobs::rescue_batch(*pool.acquire(), {{"type", "test"}}, piece_ids()).job);
  const auto old = claim_apart({1}, std::chrono::seconds{0});
  REQUIRE(engine::jobs::rescue_batch(*pool.acquire(), {{"type", "test"}}, piece_ids()).job);
  REQUIRE(engine::jobs::promote_due(*pool.acquire(), piece_ids()) == 1);
  const auto renewed = claim({1});
  REQUIRE(renewed.size() == 1);
  CHECK(renewed[0].attempt == 2);

  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  CHECK(lock_work(tx, {1}, old).batches.empty());
}

TEST_CASE_METHOD(JobsCase,
                 "a worker that died costs a job an attempt only where that was its only one",
                 "[integration][jobs]") {
  for (int n = 0; n < 3; ++n) accept(1, /*max_attempts=*/2);
  const engine::jobs::ClaimBudget dead{.lease = std::chrono::seconds{0}};
  const auto rescue = [&] {
    return engine::jobs::rescue_batch(*pool.acquire(), {{"type", "test"}}, piece_ids());
  };
  REQUIRE(claim({1}, dead).size() == 3);

  for (int n = 0; n < 3; ++n) CHECK_FALSE(rescue().job);
  CHECK_FALSE(rescue().is_any);
  CHECK(value_of("select count(*) from engine.failure") == "0");
  // Others are claimed without it, and it without others.
  accept(1);
  CHECK(engine::jobs::is_any_apart(*pool.acquire(), {kKind}));
  CHECK(claim({2}).size() == 1);
  const auto alone = claim_apart({1}, dead.lease);
  REQUIRE(alone.size() == 1);
  CHECK(alone[0].attempt == 1);
  CHECK(rescue().job.has_value());
  CHECK(value_of("select count(*) from engine.failure") == "1");
}

TEST_CASE_METHOD(JobsCase,
                 "nothing is claimed apart of a kind that is paused or unknown",
                 "[integration][jobs]") {
  accept(1);
  onlooker().query("update engine.batch set is_apart = true");
  CHECK(engine::jobs::claim_apart(*pool.acquire(), {1}, {"other.kind"}, 20s).empty());
  CHECK_FALSE(engine::jobs::is_any_apart(*pool.acquire(), {"other.kind"}));
  onlooker().query("insert into engine.paused_kind (kind) values ('test.act')");
  CHECK(claim_apart({1}).empty());
  CHECK_FALSE(engine::jobs::is_any_apart(*pool.acquire(), {kKind}));
  onlooker().query("delete from engine.paused_kind");
  CHECK(claim_apart({1}).size() == 1);
  CHECK(claim_apart({1}).empty());
}

TEST_CASE_METHOD(JobsCase,
                 "a claim is set apart by whoever holds it, and by nobody else",
                 "[integration][jobs]") {
  accept(1);
  const auto claims = claim({1});
  CHECK_FALSE(engine::jobs::set_apart(*pool.acquire(), {2}, claims[0], piece_ids()));
  CHECK(engine::jobs::set_apart(*pool.acquire(), {1}, claims[0], piece_ids()));
  CHECK_FALSE(engine::jobs::set_apart(*pool.acquire(), {1}, claims[0], piece_ids()));
  CHECK(value_of("select is_apart and worker is null and attempt = 0 from engine.batch") == "t");
}

TEST_CASE_METHOD(JobsCase, "whoever has lost the database claims on disk", "[integration][jobs]") {
  accept(1);
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  tx.query("select engine.claim(1, array['test.act'], 1, 1, '20 s', is_careful => true)");
  CHECK(tx.query("show synchronous_commit").one().get<std::string>(0) == "on");
}

TEST_CASE_METHOD(JobsCase,
                 "transactions whose process stopped in the middle are ended, and no others",
                 "[integration][jobs]") {
  const auto connect_as = [&](const char* name) {
    pg::ConnectionOptions named = options();
    named.application_name = name;
    return std::make_unique<pg::Connection>(named);
  };
  const auto janitor = connect_as("ours");
  const auto stopped = connect_as("ours");
  const auto other = connect_as("somebody");
  pg::Transaction old{*stopped};
  old.query("select from engine.log for update");
  pg::Transaction foreign{*other};
  foreign.query("select 1");

  CHECK(engine::jobs::end_old_transactions(*janitor, 1h) == 0);
  CHECK(engine::jobs::end_old_transactions(*janitor, 0s) == 1);
  CHECK_THROWS_AS(old.query("select 1"), base::TransientError);
  CHECK_NOTHROW(foreign.query("select 1"));
}

TEST_CASE_METHOD(JobsCase, "work that is locked outlives its lease", "[integration][jobs]") {
  const auto id = accept(1)[0];
  const auto claims = claim({1}, {.lease = std::chrono::seconds{0}});
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  const auto work = lock_work(tx, {1}, claims);

  CHECK_FALSE(engine::jobs::rescue_batch(*pool.acquire(), {{"type", "test"}}, piece_ids()).is_any);

  complete_and_commit(tx, work, jobs_test::act(work.jobs, tx), "test");
  CHECK(status(id).state == engine::jobs::JobState::kCompleted);
}

TEST_CASE_METHOD(JobsCase,
                 "a batch is split into all of its jobs, none twice",
                 "[integration][jobs]") {
  const auto ids_before = accept(100);
  const auto claims = claim({1});
  const engine::jobs::FailedAttempt failed{.problem = {{"type", "test"}}, .retry_in = {}};

  fail_batch(*pool.acquire(), {1}, claims[0], failed, piece_ids());

  CHECK(value_of("select count(*) from engine.batch") == "16");
  CHECK(value_of("select sum(jobs) from engine.batch") == "100");
  CHECK(value_of("select max(jobs) - min(jobs) from engine.batch") == "1");
  CHECK(value_of("select count(distinct job) from engine.batch, unnest(job_ids) as job") == "100");
  CHECK(batches_of(claim({2})).size() == 16);
}

TEST_CASE_METHOD(JobsCase,
                 "a second attempt is counted on disk before it begins",
                 "[integration][jobs]") {
  accept(1);
  onlooker().query("update engine.batch set attempt = 1");
  const auto connection = pool.acquire();
  pg::Transaction tx{*connection};
  constexpr pg::Statement kClaim{"c",
                                 "select * from engine.claim(1, array['test.act'], 1, 1, '20 s')"};
  constexpr pg::Statement kShow{"s", "select current_setting('synchronous_commit')"};
  tx.run(kClaim);
  CHECK(tx.run(kShow).one().get<std::string>(0) == "on");

  accept(1);
  const auto other = pool.acquire();
  pg::Transaction first{*other};
  first.run(kClaim);
  CHECK(first.run(kShow).one().get<std::string>(0) == "off");
}
