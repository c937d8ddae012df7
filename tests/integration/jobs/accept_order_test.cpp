#include "base/guarded.hpp"
#include "engine/jobs/batch_inserter.hpp"
#include "jobs_case.hpp"
#include "pg/error.hpp"
#include "support/inserted.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <thread>

using engine::jobs::AcceptedRows;
using engine::jobs::BatchInserter;
using engine::jobs::give_back_claims;
using engine::jobs::JobSpec;
using jobs_test::JobsCase;

namespace {

class OrderCase : public JobsCase {
 public:
  [[nodiscard]] std::int64_t order_of(wire::JobId id) {
    return std::stoll(
        value_of("select accept_order from engine.job where id = " + std::to_string(id.value())));
  }
  [[nodiscard]] std::map<std::int64_t, std::int64_t> all_orders() {
    std::map<std::int64_t, std::int64_t> orders;
    for (const pg::Row row : onlooker().query("select id, accept_order from engine.job")) {
      orders.emplace(row.get<std::int64_t>(0), row.get<std::int64_t>(1));
    }
    return orders;
  }
  /// What handlers are told, by job.
  [[nodiscard]] std::map<std::int64_t, std::int64_t> orders_at_work() {
    base::Guarded<std::map<std::int64_t, std::int64_t>> seen;
    work_until_all_ended([&](std::span<const engine::jobs::Job> jobs, pg::Transaction& tx) {
      seen.with([&](auto& orders) {
        for (const auto& job : jobs) orders[job.id.value()] = job.accept_order;
      });
      return jobs_test::act(jobs, tx);
    });
    return seen.with([](const auto& orders) { return orders; });
  }
  /// Like two api processes: nothing in common but the database.
  pg::Pool other_pool{options(), {.connections_max = 2}, log};
  BatchInserter inserter{pool, ids, accepted, log};
  BatchInserter other_process{other_pool, ids, accepted, log};
};

struct Pair {
  std::int64_t before;  // Its acceptance had been reported when that of
  std::int64_t after;   // was asked for.
};

}  // namespace

TEST_CASE_METHOD(OrderCase,
                 "what was accepted before another request was sent has the smaller number, in "
                 "whichever process",
                 "[integration][jobs][accept_order]") {
  base::Guarded<std::int64_t> last_reported{0};
  base::Guarded<std::vector<Pair>> pairs;
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&, caller] {
        for (int n = 0; n < 50; ++n) {
          BatchInserter& one = (caller + n) % 2 == 0 ? inserter : other_process;
          const auto before = last_reported.with([](std::int64_t id) { return id; });
          const auto stored = support::insert(one, spec(n));
          if (!stored) return;
          const auto after = stored->status.id.value();
          last_reported.with([&](std::int64_t& id) { id = after; });
          pairs.with([&](auto& all) { all.push_back({before, after}); });
        }
      });
    }
  }

  const auto orders = all_orders();
  REQUIRE(orders.size() == 200);
  int wrong = 0;
  for (const auto& [before, after] : pairs.with([](const auto& all) { return all; })) {
    if (before != 0 && orders.at(before) >= orders.at(after)) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(value_of("select count(distinct accept_order) from engine.job") == "200");
}

TEST_CASE_METHOD(OrderCase,
                 "the jobs of one array are numbered in their order, whatever becomes of them",
                 "[integration][jobs][accept_order]") {
  const bool has_keys = GENERATE(false, true);
  std::vector<JobSpec> specs;
  for (int n = 0; n < 1'000; ++n) {
    JobSpec one = spec(n);
    // Batches by kind and priority, and those that wait for their time, have ids of their own.
    if (n % 3 == 0) one.kind = "test.other";
    if (n % 5 == 0) one.priority = 7;
    if (n % 7 == 0) one.run_at = clock.wall() + std::chrono::hours{1};
    if (has_keys && n % 2 == 0) one.idempotency_key = "key-" + std::to_string(n);
    specs.push_back(std::move(one));
  }

  REQUIRE(support::insert_all(inserter, std::move(specs)));

  CHECK(value_of(R"(
    select bool_and(place = number) from (
      select row_number() over (order by (args->>'n')::integer) as place,
             row_number() over (order by accept_order) as number
      from engine.job) as numbered)") == "t");
  CHECK(value_of("select count(accept_order) from engine.job") == "1000");
}

TEST_CASE_METHOD(OrderCase,
                 "a request that is repeated keeps its first number",
                 "[integration][jobs][accept_order]") {
  JobSpec keyed = spec(1);
  keyed.idempotency_key = "the-key";
  const auto first = support::insert(inserter, keyed);
  REQUIRE(first);
  const auto number = order_of(first->status.id);
  const auto between = support::insert(inserter, spec(2));
  REQUIRE(between);

  const auto again = support::insert(other_process, keyed);

  REQUIRE(again);
  REQUIRE(again->is_replay);
  CHECK(order_of(again->status.id) == number);
  CHECK(number < order_of(between->status.id));
  CHECK(value_of("select count(*) from engine.job") == "2");
}

TEST_CASE_METHOD(OrderCase,
                 "jobs inserted again after a doubtful commit keep the number that was stored",
                 "[integration][jobs][accept_order]") {
  const JobSpec one = spec(1);
  auto rows = AcceptedRows::of({&one}, ids);
  REQUIRE(rows);
  rows->insert(*pool.acquire());
  const auto number = order_of(rows->status(0).id);
  REQUIRE(support::insert(inserter, spec(2)));

  CHECK_THROWS_AS(rows->insert(*pool.acquire()), pg::UniqueViolation);

  rows->find(*pool.acquire());
  CHECK(order_of(rows->status(0).id) == number);
}

TEST_CASE_METHOD(OrderCase,
                 "a handler sees the number, also after a retry and of jobs that have none",
                 "[integration][jobs][accept_order]") {
  const auto old = accept(1)[0];
  onlooker().query("update engine.job set accept_order = null");
  const auto retried = accept(1)[0];
  const auto claims = claim({1});
  REQUIRE(claims.size() == 2);
  fail_batch(*pool.acquire(),
             {1},
             claims[1],
             {.problem = {{"type", "test"}}, .retry_in = std::chrono::milliseconds{0}},
             piece_ids());
  const auto last = accept(1)[0];
  give_back_claims(*pool.acquire(), {1}, {&claims[0], 1});
  const auto retried_number = order_of(retried);

  const auto seen = orders_at_work();

  CHECK(seen.at(old.value()) == 0);
  CHECK(seen.at(retried.value()) == retried_number);
  CHECK(seen.at(last.value()) == order_of(last));
  CHECK(retried_number < order_of(last));
}
