#include "engine/jobs/janitor.hpp"

#include "base/fail_point.hpp"
#include "base/pause.hpp"
#include "engine/jobs/job_store.hpp"
#include "engine/jobs/piece_ids.hpp"
#include "engine/jobs/problems.hpp"
#include "engine/jobs/status_store.hpp"

namespace engine::jobs {
namespace {

constexpr int kPromotedAtOnce = 64;

}  // namespace

Janitor::Janitor(pg::Pool& pool,
                 NodeLease& ids,
                 base::WakeSignal& ready,
                 const base::Log& log,
                 JanitorOptions options)
    : pool_{pool},
      ids_{ids},
      ready_{ready},
      log_{log},
      options_{options},
      events_{options.events},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Janitor::run(const std::stop_token& stop) {
  auto rescue_at = std::chrono::steady_clock::now();
  auto retain_at = rescue_at;
  bool are_events_due = false;
  while (!stop.stop_requested()) {
    try {
      if (std::chrono::steady_clock::now() >= retain_at) {
        retain(stop);
        retain_at = std::chrono::steady_clock::now() + options_.retain_every;
        are_events_due = true;
      }
      // A step at a time: a large slot takes many, and nobody's retry waits for all of them.
      are_events_due = are_events_due && retain_events(stop);
      promote(stop);
      if (std::chrono::steady_clock::now() >= rescue_at) {
        rescue(stop);
        rescue_at = std::chrono::steady_clock::now() + options_.rescue_every;
      }
    } catch (const base::TransientError& error) {
      log_.debug("the janitor waits for the database", {{"reason", error.what()}});
    } catch (const base::Error& error) {
      log_.error("the janitor cannot work", {{"reason", error.what()}});
      base::pause(stop, options_.rescue_every);
    }
    base::pause(stop, options_.promote_every);
  }
}

void Janitor::promote(const std::stop_token& stop) {
  const auto connection = pool_.acquire(stop);
  while (true) {
    const int promoted = promote_due(*connection, make_piece_ids(ids_, kPromotedAtOnce));
    if (promoted > 0) base::fail_point("janitor.promoted");
    if (promoted > 0) ready_.notify();
    if (promoted < kPromotedAtOnce) return;
  }
}

void Janitor::rescue(const std::stop_token& stop) {
  const auto connection = pool_.acquire(stop);
  const base::Json problem = wire::to_json(problem::worker_lost());
  if (const int ended = end_old_transactions(*connection, options_.transaction_max); ended > 0) {
    log_.warning("transactions were ended whose process stopped in the middle",
                 {{"transactions", ended}});
  }
  while (!stop.stop_requested()) {
    const Rescued rescued = rescue_batch(*connection, problem, make_piece_ids(ids_, kSplitPieces));
    if (!rescued.is_any) return;
    base::fail_point("janitor.rescued");
    log_.warning("a batch was rescued from a worker that stopped");
    ready_.notify();
    if (rescued.job) publish_status(*connection, *rescued.job, options_.statuses);
  }
}

void Janitor::retain(const std::stop_token& stop) {
  const KeptDays kept = keep_days(*pool_.acquire(stop), options_.retention);
  if (kept.dropped + kept.stray_deleted == 0) return;
  log_.info("jobs that ended long ago were dropped",
            {{"days", kept.dropped}, {"stray_jobs", kept.stray_deleted}});
}

bool Janitor::retain_events(const std::stop_token& stop) {
  const int dropped_before = events_.dropped();
  const bool is_more = events_.step(*pool_.acquire(stop));
  if (events_.dropped() > dropped_before) log_.info("a slot of old events was dropped");
  if (!is_more && events_.waits_for_relay()) {
    log_.warning(
        "events that are older than --keep-events are kept, and fill the disk: no process with the "
        "role bridge has handed them to a broker");
  }
  return is_more;
}

}  // namespace engine::jobs
