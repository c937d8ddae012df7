#include "jobs_case.hpp"

#include "base/error.hpp"
#include "engine/jobs/accept_store.hpp"
#include "engine/jobs/janitor.hpp"
#include "engine/jobs/piece_ids.hpp"
#include "engine/jobs/status_store.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

namespace embedded {
std::span<const base::EmbeddedFile> jobs_test_sql();
}

namespace jobs_test {
namespace {

using engine::jobs::BatchHandler;
using engine::jobs::Job;
using engine::jobs::Outcome;

std::span<const pg::MigrationSet> engine_tables() {
  static const pg::MigrationSet set{.schema = "engine", .files = embedded::jobs_test_sql()};
  return {&set, 1};
}

class FunctionHandler final : public BatchHandler {
 public:
  explicit FunctionHandler(Handle handle) : handle_{std::move(handle)} {}
  std::vector<Outcome> handle(std::span<const Job> jobs, pg::Transaction& tx) const override {
    return handle_(jobs, tx);
  }

 private:
  Handle handle_;
};

pg::ConnectionOptions queue_options(pg::ConnectionOptions options) {
  options.pin_planner = true;
  return options;
}

constexpr pg::Statement kEffect{"effect", "insert into effect select unnest($1::bigint[])"};

}  // namespace

JobsCase::JobsCase() : JobsCase{support::shared_server()} {}

JobsCase::JobsCase(std::string server_url)
    : PgFixture{engine_tables(), std::move(server_url)},
      pool{queue_options(options()), {.connections_max = 16}, log},
      ids{pool, clock, log} {
  onlooker().query("create table effect (job_id bigint not null)");
  REQUIRE(support::eventually([&] { return ids.next().has_value(); }));
}

engine::jobs::JobSpec JobsCase::spec(int n, std::int16_t max_attempts) {
  return {.kind = kKind,
          .caller = "own-somebody",
          .args = R"({"n":)" + std::to_string(n) + "}",
          .max_attempts = max_attempts,
          .traceparent = std::nullopt};
}

std::vector<wire::JobId> JobsCase::accept(int count, std::int16_t max_attempts) {
  std::vector<engine::jobs::JobSpec> specs;
  for (int n = 0; n < count; ++n) specs.push_back(spec(n, max_attempts));
  std::vector<const engine::jobs::JobSpec*> pointers;
  for (const auto& one : specs) pointers.push_back(&one);

  auto rows = engine::jobs::AcceptedRows::of(pointers, ids);
  REQUIRE(rows);
  insert(*rows);
  std::vector<wire::JobId> accepted_ids;
  for (std::size_t i = 0; i < specs.size(); ++i) accepted_ids.push_back(rows->status(i).id);
  accepted.notify();
  return accepted_ids;
}

// As the inserter does: a janitor may be making today's partition at this moment.
void JobsCase::insert(engine::jobs::AcceptedRows& rows) {
  try {
    rows.insert(*pool.acquire());
  } catch (const base::TransientError&) {
    rows.insert(*pool.acquire());
  }
}

std::vector<engine::jobs::Claim> JobsCase::claim(engine::jobs::WorkerId worker,
                                                 engine::jobs::ClaimBudget budget) {
  return claim_batches(*pool.acquire(), worker, {kKind}, budget);
}

std::vector<engine::jobs::Claim> JobsCase::claim_apart(engine::jobs::WorkerId worker,
                                                       std::chrono::milliseconds lease) {
  return engine::jobs::claim_apart(*pool.acquire(), worker, {kKind}, lease);
}

void JobsCase::work_until_all_ended(const Handle& handle, int workers) {
  engine::jobs::HandlerRegistry handlers;
  handlers.add(kKind,
               handler(handle),
               {.first = std::chrono::milliseconds{5}, .longest = std::chrono::milliseconds{20}});
  const engine::jobs::Janitor janitor{pool,
                                      ids,
                                      accepted,
                                      log,
                                      {.promote_every = std::chrono::milliseconds{10},
                                       .rescue_every = std::chrono::milliseconds{50}}};
  engine::jobs::WorkGate gate{std::chrono::milliseconds{20}};
  std::vector<std::unique_ptr<engine::jobs::Worker>> running;
  for (int i = 0; i < workers; ++i) {
    running.push_back(std::make_unique<engine::jobs::Worker>(
        pool, handlers, ids, accepted, appended, log, engine::jobs::WorkerOptions{.gate = &gate}));
  }
  REQUIRE(support::eventually([&] { return open_jobs() == 0; }));
}

engine::jobs::JobStatus JobsCase::status(wire::JobId id) {
  const auto found = engine::jobs::find_job(*pool.acquire(), id);
  REQUIRE(found);
  return *found;
}

std::string JobsCase::ends() {
  return value_of(R"(
    select coalesce(string_agg(jobs || ' ' || state, ', ' order by state), '')
    from (select state, count(*) as jobs from engine.result group by state) as ended)");
}

int JobsCase::open_jobs() {
  return std::stoi(
      value_of("select (select count(*) from engine.job) - (select count(*) from engine.result)"));
}

std::vector<std::int64_t> JobsCase::piece_ids() {
  return engine::jobs::make_piece_ids(ids, engine::jobs::kSplitPieces);
}

engine::jobs::Completed effect_of(const Job& job) {
  const auto cell = geo::parse_cell(job.args.at("n").get<int>() % 2 == 0 ? "9q8yyk9" : "u33dc00");
  return {.result = {{"n", job.args.at("n")}},
          .events = {{.type = "test.acted",
                      .subject = job.id.text(),
                      .cell = *cell,
                      .data = {{"job", job.id.value()}}}}};
}

std::vector<Outcome> act(std::span<const Job> jobs, pg::Transaction& tx) {
  std::vector<std::int64_t> job_ids;
  std::vector<Outcome> outcomes;
  for (const Job& job : jobs) {
    job_ids.push_back(job.id.value());
    outcomes.emplace_back(effect_of(job));
  }
  tx.run(kEffect, job_ids);
  return outcomes;
}

std::unique_ptr<BatchHandler> handler(Handle handle) {
  return std::make_unique<FunctionHandler>(std::move(handle));
}

}  // namespace jobs_test
