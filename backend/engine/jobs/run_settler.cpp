#include "engine/jobs/run_settler.hpp"

#include "base/back_off.hpp"
#include "base/error.hpp"
#include "base/fail_point.hpp"
#include "base/pause.hpp"
#include "engine/jobs/job_log.hpp"
#include "engine/jobs/job_store.hpp"
#include "engine/jobs/piece_ids.hpp"
#include "engine/jobs/problems.hpp"
#include "engine/jobs/status_store.hpp"
#include "pg/error.hpp"
#include "pg/transaction.hpp"

#include <array>

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

}  // namespace

bool complete_run(pg::Connection& connection,
                  WorkerId worker,
                  const Claim& claim,
                  const Finished& finished) {
  pg::Transaction tx{connection};
  const WorkInHand work = lock_work(tx, worker, std::array{claim});
  if (work.batches.empty()) return false;
  if (work.jobs.empty()) {
    complete_and_commit(tx, work, {}, app_of(claim.kind));
    return true;
  }
  if (finished.store) finished.store(tx);
  base::fail_point("long.settling");
  complete_and_commit(tx, work, std::array{finished.outcome}, app_of(claim.kind));
  return true;
}

void RunSettler::settle(WorkerId worker,
                        const ClaimedRun& claimed,
                        Run& run,
                        const End& end,
                        std::chrono::milliseconds patience) const {
  base::BackOff back_off{20ms, 1s};
  const auto until = steady_clock::now() + patience;
  End now = end;
  while (run.stop_reason() != Run::StopReason::kLost) {
    try {
      return store(worker, claimed, run, now);
    } catch (const base::TransientError& error) {
      parts_.log.warning("the end of a long job is stored again",
                         {{"job", claimed.job.id.text()}, {"reason", error.what()}});
    } catch (const std::exception& error) {
      log_error(parts_.log, "the end of a long job could not be stored", claimed.job, error.what());
      // What its handler wants stored is at fault: the attempt is.
      if (now.finished) now = End{.finished = std::nullopt, .has_failed = true};
    }
    if (steady_clock::now() >= until) return;
    base::pause({}, back_off.next());
  }
}

bool RunSettler::report(WorkerId worker, const ClaimedRun& claimed, Run& run) const {
  const auto report = run.take_report();
  if (!report) return true;
  try {
    const auto connection = parts_.queue.acquire();
    if (!report_run(*connection, worker, claimed, *report)) return false;
    base::fail_point("long.reported");
    publish_status(*connection, claimed.job.id, parts_.statuses);
    return true;
  } catch (const base::Error&) {
    run.give_back(*report);
    throw;
  }
}

void RunSettler::store(WorkerId worker, const ClaimedRun& claimed, Run& run, const End& end) const {
  if (!report(worker, claimed, run)) return;
  if (end.finished) return complete(worker, claimed, *end.finished);
  switch (run.stop_reason()) {
    case Run::StopReason::kLost:
      return;
    case Run::StopReason::kTimeLimit:
      return fail(worker, claimed, problem::time_limit());
    case Run::StopReason::kAsked:
    case Run::StopReason::kShutdown:
      return leave(worker, claimed);
    case Run::StopReason::kNone:
      return fail(worker, claimed, problem::attempt_failed());
  }
}

void RunSettler::complete(WorkerId worker,
                          const ClaimedRun& claimed,
                          const Finished& finished) const {
  const auto connection = parts_.queue.acquire();
  if (!complete_run(*connection, worker, claimed.claim, finished)) return;
  base::fail_point("long.settled");
  parts_.appended.notify();
  publish_status(*connection, claimed.job.id, parts_.statuses);
}

void RunSettler::fail(WorkerId worker,
                      const ClaimedRun& claimed,
                      const wire::Problem& problem) const {
  const auto& retry = parts_.handlers.long_limits(claimed.claim.kind).retry;
  const FailedAttempt failed{
      .problem = wire::to_json(problem),
      .retry_in = retry.delay_after(claimed.claim.attempt, RetryPolicy::any_chance())};
  const auto connection = parts_.queue.acquire();
  if (fail_batch(
          *connection, worker, claimed.claim, failed, make_piece_ids(parts_.ids, kSplitPieces))) {
    publish_status(*connection, claimed.job.id, parts_.statuses);
  }
}

void RunSettler::leave(WorkerId worker, const ClaimedRun& claimed) const {
  const auto connection = parts_.queue.acquire();
  if (leave_run(*connection, worker, claimed) != LeftRun::kLost) {
    publish_status(*connection, claimed.job.id, parts_.statuses);
  }
}

}  // namespace engine::jobs
