// The database is stopped as a whole (SIGSTOP) under everything that stands on it, and goes on.
#include "base/pause.hpp"
#include "engine/jobs/janitor.hpp"
#include "jobs_case.hpp"
#include "support/eventually.hpp"
#include "support/inserted.hpp"
#include "support/pg_server.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

using engine::jobs::BatchInserter;
using jobs_test::JobsCase;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

struct OwnServer {
  support::PgServer server;
};

pg::ConnectionOptions impatient(pg::ConnectionOptions options) {
  options.statement_timeout = 500ms;
  options.reply_margin = 500ms;
  options.connect_timeout = 1s;
  options.pin_planner = true;
  return options;
}

class StoppedCase : private OwnServer, public JobsCase {
 public:
  StoppedCase() : JobsCase{server.url()} {}

  [[nodiscard]] pg::PoolOptions pool_options() {
    return {.connections_max = 8, .wait_max = 500ms, .retry_delay_max = 200ms};
  }

  void freeze() { server.freeze(); }
  void thaw() { server.thaw(); }

  pg::Pool impatient_pool{impatient(options()), pool_options(), log};
};

struct Told {
  steady_clock::time_point asked_at;
  std::chrono::milliseconds took;
  std::optional<wire::JobId> id;
  std::string detail;
};

/// Many callers, each with its next job as soon as it has an answer; all that they were told.
class Callers {
 public:
  Callers(BatchInserter& inserter, int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, &inserter](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          const auto asked_at = steady_clock::now();
          const auto answer = support::insert(inserter, JobsCase::spec(1));
          const auto took =
              std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - asked_at);
          told_.with([&](std::vector<Told>& told) {
            told.push_back({.asked_at = asked_at,
                            .took = took,
                            .id = answer ? std::optional{answer->status.id} : std::nullopt,
                            .detail = answer ? "" : answer.error().detail});
          });
          if (!answer) base::pause(stop, 5ms);
        }
      });
    }
  }

  [[nodiscard]] std::vector<Told> told() const {
    return told_.with([](const std::vector<Told>& told) { return told; });
  }
  [[nodiscard]] bool has_success_since(steady_clock::time_point when) const {
    const auto all = told();
    return std::any_of(
        all.begin(), all.end(), [&](const Told& one) { return one.id && one.asked_at >= when; });
  }
  std::vector<Told> end() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
    return told();
  }

 private:
  mutable base::Guarded<std::vector<Told>> told_;
  std::vector<std::jthread> threads_;
};

}  // namespace

TEST_CASE_METHOD(StoppedCase,
                 "while the database is stopped callers are told so at once, but one that tries",
                 "[integration][jobs][stopped]") {
  std::atomic<bool> is_told_so{false};
  BatchInserter inserter{
      impatient_pool, ids, accepted, log, {.wait_max = 4s, .stuck_after = 300ms}};
  Callers callers{inserter, 8};
  const auto start = steady_clock::now();
  REQUIRE(support::eventually([&] { return callers.has_success_since(start); }));

  freeze();
  const auto frozen_at = steady_clock::now();
  // Whoever is in the commit under way waits for it, so one more comes with each look.
  REQUIRE(support::eventually([&] {
    inserter.insert({spec(2)}, [&](const BatchInserter::Reply& reply) {
      if (!reply && reply.error().detail.starts_with("The database does not reply.")) {
        is_told_so = true;
      }
    });
    return is_told_so.load();
  }));
  const auto silent_at = steady_clock::now();
  CHECK(silent_at - frozen_at < 4s);  // Before its own limit.
  REQUIRE(support::eventually([&] { return steady_clock::now() > silent_at + 4s; }));
  thaw();
  const auto thawed_at = steady_clock::now();
  CHECK(support::eventually([&] { return callers.has_success_since(thawed_at); }, 5s));

  std::set<std::int64_t> ids_told;
  int slow = 0;
  for (const Told& one : callers.end()) {
    CHECK(one.took < 5500ms);
    if (one.id) CHECK(ids_told.insert(one.id->value()).second);
    if (one.asked_at > silent_at && one.asked_at < thawed_at && one.took > 200ms) ++slow;
  }
  // One at a time, 4 s each at most; the machine may be busy.
  CHECK(slow <= 6);
  for (const auto id : ids_told) {
    CHECK(value_of("select count(*) from engine.job where id = " + std::to_string(id)) == "1");
  }
}

TEST_CASE_METHOD(StoppedCase,
                 "workers, janitor and node lease go on by themselves when the database does",
                 "[integration][jobs][stopped]") {
  engine::jobs::HandlerRegistry handlers;
  handlers.add(kKind, jobs_test::handler(jobs_test::act));
  engine::jobs::NodeLease lease{impatient_pool, clock, log};
  const engine::jobs::Janitor janitor{
      impatient_pool, lease, accepted, log, {.promote_every = 10ms, .rescue_every = 50ms}};
  const engine::jobs::Worker first{impatient_pool, handlers, lease, accepted, appended, log};
  const engine::jobs::Worker second{impatient_pool, handlers, lease, accepted, appended, log};
  BatchInserter inserter{impatient_pool, lease, accepted, log};
  {
    const Callers callers{inserter, 4};
    const auto ended = [&] { return std::stoi(value_of("select count(*) from engine.result")); };
    REQUIRE(support::eventually([&] { return ended() > 100; }));
    freeze();
    const auto until = steady_clock::now() + 3s;
    REQUIRE(support::eventually([&] { return steady_clock::now() > until; }));
    thaw();
    REQUIRE(support::eventually([&] { return callers.has_success_since(until); }));
  }

  REQUIRE(support::eventually([&] { return open_jobs() == 0; }, 60s));
  CHECK(lease.next().has_value());
  CHECK(value_of("select count(*) = count(distinct job_id) from effect") == "t");
  CHECK(value_of("select (select count(*) from effect) = (select count(*) from engine.job)") ==
        "t");
}
