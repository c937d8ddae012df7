#include "engine/jobs/workers.hpp"

#include "base/back_off.hpp"
#include "base/error.hpp"
#include "base/pause.hpp"
#include "engine/jobs/control_store.hpp"
#include "engine/jobs/piece_ids.hpp"
#include "engine/jobs/problems.hpp"
#include "engine/jobs/status_store.hpp"

#include <algorithm>
#include <utility>

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Tries `step` until the database takes it, or a stop is requested.
template <class Step>
void insist(const std::stop_token& stop, const base::Log& log, Step&& step) {
  base::BackOff back_off{20ms, 1s};
  while (!stop.stop_requested()) {
    try {
      step();
      return;
    } catch (const base::Error& error) {
      log.warning("what a handler left behind could not be settled yet",
                  {{"reason", error.what()}});
      base::pause(stop, back_off.next());
    }
  }
}

}  // namespace

Workers::Workers(const Surroundings& around, WorkersOptions options)
    : around_{around}, options_{options}, gate_{options.look_apart_every} {
  for (std::size_t i = 0; i < options_.count; ++i) workers_.push_back(start());
  watch_ = std::jthread{[this](const std::stop_token& stop) { watch(stop); }};
}

Workers::~Workers() {
  watch_.request_stop();
  watch_.join();
}

std::unique_ptr<Worker> Workers::start() {
  WorkerOptions worker = options_.worker;
  worker.gate = &gate_;
  return std::make_unique<Worker>(around_.pool,
                                  around_.handlers,
                                  around_.ids,
                                  around_.ready,
                                  around_.appended,
                                  around_.log,
                                  worker);
}

void Workers::watch(const std::stop_token& stop) {
  const milliseconds period = std::min(milliseconds{1'000}, options_.handle_max / 4);
  while (!stop.stop_requested()) {
    base::pause(stop, period);
    const auto too_long_ago = steady_clock::now() - options_.handle_max;
    for (std::unique_ptr<Worker>& worker : workers_) {
      if (!worker) continue;
      const auto lost = worker->abandon(too_long_ago);
      if (!lost) continue;
      const std::string& kind = lost->claims.front().kind;
      around_.log.error(
          "a handler did not return in time: its thread is lost until a restart",
          {{"kind", kind}, {"limit_ms", options_.handle_max.count()}, {"lost", lost_.size() + 1}});
      lost_.push_back(std::move(worker));
      settle(stop, *lost);
      if (lost_.size() <= options_.lost_max) {
        worker = start();
      } else {
        pause(stop, kind);
      }
    }
  }
}

void Workers::settle(const std::stop_token& stop, const Worker::AtWork& lost) {
  const bool is_alone = lost.claims.size() == 1 && lost.claims.front().jobs == 1;
  for (const Claim& claim : lost.claims) {
    insist(stop, around_.log, [&] {
      settle_claim(*around_.pool.acquire(stop), lost.worker, claim, is_alone);
    });
  }
  around_.ready.notify();
}

void Workers::settle_claim(pg::Connection& connection,
                           WorkerId worker,
                           const Claim& claim,
                           bool is_alone) {
  const auto piece_ids = make_piece_ids(around_.ids, kSplitPieces);
  if (!is_alone) {
    set_apart(connection, worker, claim, piece_ids);
    return;
  }
  const FailedAttempt failed{.problem = wire::to_json(problem::time_limit()), .retry_in = {}};
  const auto ended = fail_batch(connection, worker, claim, failed, piece_ids);
  if (ended) publish_status(connection, *ended, options_.worker.statuses);
}

void Workers::pause(const std::stop_token& stop, const std::string& kind) {
  insist(stop, around_.log, [&] { pause_kind(*around_.pool.acquire(stop), kind); });
  around_.log.error(
      "a kind was paused, because its handler has taken too many threads: mend it, start again, "
      "then `earshot jobs resume KIND`",
      {{"kind", kind}});
}

}  // namespace engine::jobs
