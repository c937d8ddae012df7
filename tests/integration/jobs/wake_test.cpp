#include "base/guarded.hpp"
#include "jobs_case.hpp"
#include "pg/listener.hpp"
#include "pg/notifier.hpp"
#include "support/eventually.hpp"
#include "support/inserted.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace std::chrono_literals;
using support::eventually;

namespace {

constexpr auto kNever = 24h;
constexpr auto kChannel = "earshot_jobs";

/// One process that accepts jobs, and another with a worker and no more in common with it than the
/// database. Unless a test says so the worker never looks by itself, so that whatever is done, is
/// done because somebody woke it.
class WakeCase : public jobs_test::JobsCase {
 public:
  WakeCase() { handlers.add(kKind, jobs_test::handler(jobs_test::act)); }

  void listen_through(pg::Notifier& probing, pg::ListenerOptions listening = {}) {
    listener.emplace(named("listening"),
                     std::vector<pg::Subscription>{{.channel = kChannel, .signal = &ready}},
                     probing,
                     log,
                     listening);
  }
  void work(engine::jobs::WorkerOptions options) {
    options.listener = listener ? &*listener : nullptr;
    worker.emplace(worker_pool, handlers, ids, ready, appended, log, options);
  }
  /// For longer than anything but a long poll leaves it.
  void wait_until_worker_is_idle() {
    REQUIRE(eventually([&] {
      return value_of(R"(
        select count(*) > 0 and coalesce(
          bool_and(state = 'idle' and now() - state_change > interval '700 ms'), false)
        from pg_stat_activity
        where application_name = 'working' and datname = current_database())") == "t";
    }));
  }
  void accept_one() { REQUIRE(support::insert(inserter, spec(0))); }
  [[nodiscard]] bool is_done(int jobs) {
    return eventually([&] { return ends() == std::to_string(jobs) + " completed"; });
  }
  [[nodiscard]] pg::ConnectionOptions named(const char* name) const {
    pg::ConnectionOptions named = options();
    named.application_name = name;
    return named;
  }

  // The process that accepts.
  pg::Notifier notifier{named("notifying"), log};
  base::WakeSignal stored{[this] { notifier.notify(kChannel); }};
  engine::jobs::BatchInserter inserter{pool, ids, stored, log};

  // The one that works.
  base::WakeSignal ready;
  engine::jobs::HandlerRegistry handlers;
  pg::Pool worker_pool{named("working"), {.connections_max = 2}, log};
  pg::Notifier own_notifier{named("probing"), log};
  std::optional<pg::Listener> listener;
  std::optional<engine::jobs::Worker> worker;
};

constexpr engine::jobs::WorkerOptions kOnlyWhenWoken{
    .budget = {}, .poll_min = kNever, .poll_max = kNever, .poll_heard = kNever};

}  // namespace

TEST_CASE_METHOD(WakeCase,
                 "a worker hears of what another process accepts",
                 "[integration][jobs][wake]") {
  listen_through(own_notifier);
  REQUIRE(eventually([&] { return listener->is_healthy(); }));
  work(kOnlyWhenWoken);
  wait_until_worker_is_idle();

  accept_one();

  CHECK(is_done(1));
  CHECK(listener->facts().notices == 1);
  CHECK(notifier.sendings() == 1);
}

TEST_CASE_METHOD(WakeCase,
                 "one notice is enough for more than one claim may take",
                 "[integration][jobs][wake]") {
  engine::jobs::WorkerOptions options = kOnlyWhenWoken;
  SECTION("in jobs") {
    options.budget.jobs_max = 1;
  }
  SECTION("in bytes") {
    options.budget.bytes_max = 1;
  }
  listen_through(own_notifier);
  REQUIRE(eventually([&] { return listener->is_healthy(); }));
  work(options);
  wait_until_worker_is_idle();

  for (int batches = 0; batches < 5; ++batches) accept(1);  // Nobody is told.
  accept_one();

  CHECK(is_done(6));
}

TEST_CASE_METHOD(WakeCase,
                 "a worker that took all there was looks again when it is told to",
                 "[integration][jobs][wake]") {
  std::atomic<bool> has_accepted{false};
  engine::jobs::HandlerRegistry accepting;
  accepting.add(kKind, jobs_test::handler([&](auto jobs, pg::Transaction& tx) {
                  if (!has_accepted.exchange(true)) accept(1);  // Nobody is told.
                  return jobs_test::act(jobs, tx);
                }));
  listen_through(own_notifier);
  REQUIRE(eventually([&] { return listener->is_healthy(); }));
  engine::jobs::WorkerOptions options = kOnlyWhenWoken;
  options.listener = &*listener;
  worker.emplace(worker_pool, accepting, ids, ready, appended, log, options);
  wait_until_worker_is_idle();

  accept_one();
  REQUIRE(is_done(1));
  wait_until_worker_is_idle();
  CHECK(ends() == "1 completed");
  accept_one();
  CHECK(is_done(3));
  worker.reset();
}

TEST_CASE_METHOD(WakeCase,
                 "jobs accepted while the listener's connection was killed are done all the same",
                 "[integration][jobs][wake]") {
  listen_through(own_notifier, {.retry_first = 300ms});
  REQUIRE(eventually([&] { return listener->is_healthy(); }));
  work(kOnlyWhenWoken);
  wait_until_worker_is_idle();

  terminate_backend(listener->facts().backend_pid);
  accept_one();

  CHECK(is_done(1));
  REQUIRE(eventually([&] { return listener->is_healthy() && listener->facts().connections == 2; }));
  wait_until_worker_is_idle();
  const auto heard = listener->facts().notices;
  accept_one();
  CHECK(is_done(2));
  CHECK(listener->facts().notices == heard + 1);
}

TEST_CASE_METHOD(WakeCase,
                 "where notices are swallowed a worker goes on polling quickly",
                 "[integration][jobs][wake]") {
  // NOTIFY is heard in its own database only: LISTEN succeeds, and nothing ever comes.
  pg::ConnectionOptions elsewhere = options();
  elsewhere.url = pg::with_database(elsewhere.url, "postgres");
  pg::Notifier unheard{elsewhere, log};
  listen_through(unheard, {.probe_reply_max = 50ms, .retry_first = kNever, .retry_most = kNever});
  REQUIRE(eventually([&] { return listener->facts().probes_lost == 1; }));
  work({.budget = {}, .poll_min = 5ms, .poll_max = 20ms, .poll_heard = kNever});

  for (int jobs = 1; jobs <= 3; ++jobs) {
    accept(1);  // Nobody is told.
    CHECK(is_done(jobs));
  }
  CHECK(listener->facts().notices == 0);
}

TEST_CASE_METHOD(WakeCase,
                 "a worker that hears of others' jobs hardly polls",
                 "[integration][jobs][wake]") {
  listen_through(own_notifier);
  REQUIRE(eventually([&] { return listener->is_healthy(); }));
  work({.budget = {}, .poll_min = 5ms, .poll_max = 20ms, .poll_heard = 2s});

  // With 20 ms its connection would never be idle for so long.
  wait_until_worker_is_idle();

  // The poll is the safety net: this job is done although nobody was told.
  accept(1);
  CHECK(is_done(1));
  CHECK(listener->facts().notices == 0);
}

TEST_CASE_METHOD(WakeCase,
                 "one notice is enough for all workers of a process",
                 "[integration][jobs][wake]") {
  // Both are busy at once only if the one that was woken has woken the other.
  base::Guarded<int> at_work{0};
  engine::jobs::HandlerRegistry slow;
  slow.add(kKind,
           jobs_test::handler([&](std::span<const engine::jobs::Job> jobs, pg::Transaction& tx) {
             at_work.update([](int& count) { ++count; });
             const bool is_both = at_work.wait_for(
                 std::stop_token{},
                 20s,
                 [](int count) { return count >= 2; },
                 [](int, bool both) { return both; });
             if (!is_both) throw std::runtime_error{"the other worker slept on"};
             return jobs_test::act(jobs, tx);
           }));
  accept(1, /*max_attempts=*/1);
  accept(1, /*max_attempts=*/1);
  auto options = kOnlyWhenWoken;
  options.budget.jobs_max = 1;
  onlooker().query("insert into engine.paused_kind (kind) values ('test.act')");
  const engine::jobs::Worker first{worker_pool, slow, ids, ready, appended, log, options};
  const engine::jobs::Worker second{worker_pool, slow, ids, ready, appended, log, options};
  wait_until_worker_is_idle();

  onlooker().query("delete from engine.paused_kind");
  ready.notify();

  CHECK(is_done(2));
}
