// The checker is checked: the naive form of each thing that the engine does with care is built
// here, run, and must be found out.
#include "history_check.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

using engine::jobs::Claim;
using jobs_test::Confirmed;
using jobs_test::JobsCase;
using jobs_test::violations;
using support::eventually;
using namespace std::chrono_literals;

namespace {

class NaiveCase : public JobsCase {
 public:
  [[nodiscard]] bool finds(const std::string& sentence, const Confirmed& confirmed = {}) {
    const auto found = violations(onlooker(), confirmed);
    return std::ranges::any_of(found,
                               [&](const std::string& one) { return one.starts_with(sentence); });
  }
  void work_all() { work_until_all_ended(jobs_test::act, /*workers=*/4); }

  /// What a worker without the fence stores of a claim, whoever has it by now.
  void complete_unfenced(const Claim& claim) {
    const std::string id = std::to_string(claim.batch.value);
    onlooker().query(
        "insert into effect select (" + id + "::bigint << 12) + n from generate_series(0, " +
        std::to_string(claim.jobs - 1) +
        ") as n; "
        "insert into engine.result (job_id, attempt, state, result) "
        "select (" +
        id + "::bigint << 12) + n, " + std::to_string(claim.attempt) +
        ", 'completed', '{}' from generate_series(0, " + std::to_string(claim.jobs - 1) +
        ") as n on conflict do nothing; delete from engine.batch where id = " + id);
  }
};

}  // namespace

TEST_CASE_METHOD(NaiveCase, "an honest history is found right", "[integration][jobs][faults]") {
  Confirmed confirmed;
  for (const auto id : accept(50)) confirmed["key " + id.text()] = id.text();
  work_all();
  CHECK(violations(onlooker(), confirmed).empty());
}

TEST_CASE_METHOD(NaiveCase,
                 "a completion without the fence is found out",
                 "[integration][jobs][faults]") {
  accept(10);
  const auto slow = claim({1}, {.lease = 0s});
  REQUIRE(slow.size() == 1);
  // Its lease is over and somebody else does the work; then it comes back.
  work_all();
  REQUIRE(violations(onlooker()).empty());
  complete_unfenced(slow.front());
  CHECK(finds("a job had an effect twice"));
}

TEST_CASE_METHOD(NaiveCase,
                 "a prev that is read in the statement that takes the lock is found out",
                 "[integration][jobs][faults]") {
  onlooker().query(R"(
    create or replace function engine.append_events(
      sources text[], types text[], subjects text[], cells text[], datas text[],
      traceparents text[] default null, request_ids text[] default null
    ) returns bigint language sql volatile as $$
      with locked as materialized (select 1 from engine.log for update),
      appended as (
        insert into engine.event (event_offset, prev, cell, source, type, subject, data, at)
        select nextval('engine.event_offset'),
               coalesce((select max(e.event_offset) from engine.event e where e.cell = new.cell), 0),
               new.cell, new.source, new.type, new.subject, new.data::json, clock_timestamp()
        from locked, unnest(sources, types, subjects, cells, datas)
          as new (source, type, subject, cell, data)
        returning event_offset)
      select max(event_offset) from appended $$)");
  REQUIRE(eventually([&] {
    for (int n = 0; n < 200; ++n) accept(1);
    work_all();
    return finds("prev is not the event before");
  }));
}

TEST_CASE_METHOD(NaiveCase,
                 "attempts that are counted without a lease are found out",
                 "[integration][jobs][faults]") {
  // Everybody may claim what somebody has claimed, and each claim counts.
  onlooker().query(R"(
    create or replace function engine.claim(
      claimant bigint, kinds text[], jobs_max integer, bytes_max integer, lease interval,
      is_careful boolean default false
    ) returns table (batch_id bigint, batch_kind text, batch_attempt smallint, batch_jobs integer,
                     batch_bytes integer)
    language sql volatile as $$
      update engine.batch b
        set attempt = b.attempt + 1, worker = claimant, leased_until = now() + lease
        where b.id = (select c.id from engine.batch c where c.kind = any (kinds)
                      order by c.priority, c.id limit 1 for update skip locked)
        returning b.id, b.kind, b.attempt, b.jobs, b.bytes $$)");
  REQUIRE(eventually([&] {
    for (int n = 0; n < 100; ++n) accept(1);
    work_all();
    return finds("a completed job had attempts that nobody saw fail");
  }));
}

TEST_CASE_METHOD(NaiveCase,
                 "a confirmation before the commit is found out",
                 "[integration][jobs][faults]") {
  const auto one = spec(1);
  auto rows = engine::jobs::AcceptedRows::of({&one}, ids);
  REQUIRE(rows);
  // Its client is told, and the process dies before the commit.
  const Confirmed told{{"key", rows->status(0).id.text()}};
  CHECK(finds("a confirmed job is not there", told));
  rows->insert(*pool.acquire());
  work_all();
  CHECK(violations(onlooker(), told).empty());
}

TEST_CASE_METHOD(NaiveCase,
                 "an effect outside the transaction that ends the job is found out",
                 "[integration][jobs][faults]") {
  accept(1);
  work_until_all_ended([&, calls = std::make_shared<std::atomic<int>>(0)](
                           std::span<const engine::jobs::Job> jobs, pg::Transaction& tx) {
    pg::Connection{options()}.query("insert into effect values (" +
                                    std::to_string(jobs[0].id.value()) + ")");
    auto outcomes = jobs_test::act(jobs, tx);
    if (++*calls == 1) throw std::runtime_error{"dies before its commit"};
    return outcomes;
  });
  CHECK(finds("a job had an effect twice"));
}

TEST_CASE_METHOD(NaiveCase,
                 "a reader of what is newer than its last number misses what was slow",
                 "[integration][jobs][faults]") {
  onlooker().query("create table naive_log (id bigserial primary key)");
  pg::Connection slow{options()};
  pg::Transaction tx{slow};
  tx.query("insert into naive_log default values");
  onlooker().query("insert into naive_log default values");
  const std::string last = value_of("select max(id) from naive_log");
  tx.commit();
  CHECK(value_of("select count(*) from naive_log where id > " + last) == "0");
  CHECK(value_of("select count(*) from naive_log where id < " + last) == "1");

  // In the real log the slow one holds its place: whoever comes waits, and nothing comes late.
  accept(2);
  work_all();
  CHECK(violations(onlooker()).empty());
}
