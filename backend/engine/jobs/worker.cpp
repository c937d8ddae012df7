#include "engine/jobs/worker.hpp"

#include "base/back_off.hpp"
#include "base/fail_point.hpp"
#include "base/pause.hpp"
#include "engine/jobs/job_log.hpp"
#include "engine/jobs/piece_ids.hpp"
#include "engine/jobs/problems.hpp"
#include "engine/jobs/status_store.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;

// A claim ends when it has used up the one or the other; with some of both left it has taken
// everything that was ready.
bool has_used_up(const ClaimBudget& budget, std::span<const Claim> claims) {
  std::int64_t jobs = 0;
  std::int64_t bytes = 0;
  for (const Claim& claim : claims) {
    jobs += claim.jobs;
    bytes += claim.bytes;
  }
  return jobs >= budget.jobs_max || bytes >= budget.bytes_max;
}

}  // namespace

Worker::Worker(pg::Pool& pool,
               const HandlerRegistry& handlers,
               NodeLease& ids,
               base::WakeSignal& accepted,
               base::WakeSignal& appended,
               const base::Log& log,
               WorkerOptions options)
    : pool_{pool},
      handlers_{handlers},
      ids_{ids},
      accepted_{accepted},
      appended_{appended},
      log_{log},
      options_{options},
      kinds_{handlers.kinds()},
      chance_{std::random_device{}()},
      own_gate_{options.look_apart_every},
      gate_{options.gate ? *options.gate : own_gate_},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Worker::run(const std::stop_token& stop) {
  const auto id = take_worker_id(stop);
  if (!id) return;
  id_ = *id;

  base::BackOff idle{options_.poll_min, std::max(options_.poll_max, options_.poll_heard)};
  while (!stop.stop_requested()) {
    if (gate_.is_time_to_look()) work_apart(stop);
    std::vector<Claim> claims = claim(stop);
    if (!claims.empty()) {
      idle.reset();
      const bool is_more_ready = has_used_up(options_.budget, claims);
      // Each notice wakes one worker.
      if (is_more_ready) accepted_.notify();
      base::fail_point("work.claimed");
      work_all(stop, std::move(claims));
      if (is_more_ready) continue;
    }
    // What is accepted from now on, or was while this one worked, is told. To look all the same
    // after each piece of work made five claims of eight come back empty, at 1,000 jobs a second.
    if (accepted_.wait_for(stop, std::min(idle.next(), longest_poll()))) idle.reset();
  }
}

std::chrono::milliseconds Worker::longest_poll() const {
  const bool is_told = options_.listener && options_.listener->is_healthy();
  return is_told ? options_.poll_heard : options_.poll_max;
}

// One batch that may bring the process down, while nothing else is in it that could, or could
// suffer.
void Worker::work_apart(const std::stop_token& stop) {
  try {
    if (!is_any_apart(*pool_.acquire(stop), kinds_)) return;
    if (!gate_.enter_alone(stop, this)) return;
    const Stay stay{gate_, this};
    auto claims = claim_apart(*pool_.acquire(stop), id_, kinds_, options_.budget.lease);
    if (claims.empty()) return;
    gate_.expect_more();
    is_alone_ = true;
    base::fail_point("work.claimed_apart");
    work_all(stop, std::move(claims));
  } catch (const base::Error& error) {
    log_.debug("work that is set apart waits", {{"reason", error.what()}});
  }
  is_alone_ = false;
}

// What fails for a passing reason has not brought the process down. It is tried again beside the
// others, who would stand still for as long as the reason lasts.
void Worker::stop_being_alone() {
  if (std::exchange(is_alone_, false)) gate_.leave(this);
}

// One transaction per kind: a handler sees many jobs of its kind at once.
void Worker::work_all(const std::stop_token& stop, std::vector<Claim> claims) {
  std::stable_sort(
      claims.begin(), claims.end(), [](const Claim& a, const Claim& b) { return a.kind < b.kind; });
  for (auto first = claims.begin(); first != claims.end();) {
    const auto last = std::find_if(
        first, claims.end(), [&](const Claim& claim) { return claim.kind != first->kind; });
    if (work(stop, {first, last}) == Work::kStopped) return give_back({first, claims.end()});
    first = last;
  }
}

// A batch id is unique among all processes, so it serves as the worker's own.
std::optional<WorkerId> Worker::take_worker_id(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (const auto id = ids_.next()) return WorkerId{id->value};
    base::pause(stop, 20ms);
  }
  return std::nullopt;
}

std::vector<Claim> Worker::claim(const std::stop_token& stop) {
  try {
    ClaimBudget budget = options_.budget;
    budget.is_careful = has_lost_database_;
    return claim_batches(*pool_.acquire(stop), id_, kinds_, budget);
  } catch (const base::TransientError& error) {
    log_.debug("no claim", {{"reason", error.what()}});
  } catch (const base::Error& error) {
    log_.error("a worker cannot claim", {{"reason", error.what()}});
    base::pause(stop, 1s);
  }
  return {};
}

// Works until the claims are done, failed or lost, or a stop is requested.
Worker::Work Worker::work(const std::stop_token& stop, std::span<const Claim> claims) {
  base::BackOff back_off{20ms, 1s};
  while (!stop.stop_requested()) {
    switch (attempt(stop, claims)) {
      case Attempt::kEnded:
        return Work::kSettled;
      case Attempt::kAgain:
        stop_being_alone();
        base::pause(stop, back_off.next());
        break;
      case Attempt::kFailed:
        if (claims.size() == 1) return fail(stop, claims.front());
        // Only one of these batches need be at fault.
        for (const Claim& claim : claims) {
          if (work(stop, {&claim, 1}) == Work::kStopped) return Work::kStopped;
        }
        return Work::kSettled;
    }
  }
  return Work::kStopped;
}

// One attempt, one transaction: effects, results and events commit together, or not at all.
Worker::Attempt Worker::attempt(const std::stop_token& stop, std::span<const Claim> claims) {
  const std::string& kind = claims.front().kind;
  if (!is_alone_ && !gate_.enter(stop, this)) return Attempt::kAgain;
  std::optional<Stay> stay;
  if (!is_alone_) stay.emplace(gate_, this);
  WorkInHand work;
  try {
    const auto connection = pool_.acquire(stop);
    pg::Transaction tx{*connection};
    work = lock_work(tx, id_, claims);
    // Lost to another worker, or committed by an attempt whose commit was in doubt.
    if (work.batches.empty()) return Attempt::kEnded;
    base::fail_point("work.locked");

    const std::vector<Outcome> outcomes = handle(work, claims, *connection, tx);
    if (outcomes.size() != work.jobs.size()) {
      throw std::logic_error{"the handler did not return one outcome per job"};
    }
    base::fail_point("work.handled");
    complete_and_commit(tx, work, outcomes, app_of(kind));
    base::fail_point("work.committed");
    has_lost_database_ = false;
    appended_.notify();
    if (options_.statuses) options_.statuses->publish(statuses_after(work, outcomes));
    return Attempt::kEnded;
  } catch (const base::TransientError& error) {
    log_.warning("an attempt is made again", {{"kind", kind}, {"reason", error.what()}});
    // It may have been this work that brought the database down.
    has_lost_database_ = true;
    // After a doubtful commit there may be events to relay.
    appended_.notify();
    return Attempt::kAgain;
  } catch (const pg::UniqueViolation& error) {
    // A job of these ended meanwhile; locking the work again leaves it out. An app may have a
    // constraint of the same name, and violating that fails the attempt like anything else.
    if (error.schema() == "engine" && error.constraint().starts_with("result_")) {
      return Attempt::kAgain;
    }
    log_error(log_, "an attempt failed", kind, work.jobs, error.what());
    return Attempt::kFailed;
  } catch (const std::exception& error) {
    log_error(log_, "an attempt failed", kind, work.jobs, error.what());
    return Attempt::kFailed;
  }
}

std::vector<Outcome> Worker::handle(const WorkInHand& work,
                                    std::span<const Claim> claims,
                                    pg::Connection& connection,
                                    pg::Transaction& tx) {
  if (work.jobs.empty()) return {};
  at_work_.with([&](std::optional<AtWork>& at_work) {
    at_work = AtWork{.worker = id_,
                     .claims = {claims.begin(), claims.end()},
                     .since = std::chrono::steady_clock::now(),
                     .connection = &connection};
  });
  struct Returned {
    base::Guarded<std::optional<AtWork>>& at_work;
    ~Returned() {
      at_work.with([](std::optional<AtWork>& gone) { gone.reset(); });
    }
  };
  const Returned returned{at_work_};
  return handlers_.find(claims.front().kind)->handle(work.jobs, tx);
}

std::optional<Worker::AtWork> Worker::abandon(std::chrono::steady_clock::time_point since) {
  return at_work_.with([&](std::optional<AtWork>& at_work) -> std::optional<AtWork> {
    if (!at_work || at_work->since > since) return std::nullopt;
    at_work->connection->break_off();
    gate_.leave(this);
    thread_.request_stop();
    return std::exchange(at_work, std::nullopt);
  });
}

Worker::Work Worker::fail(const std::stop_token& stop, const Claim& claim) {
  const double chance = std::uniform_real_distribution<double>{0, 1}(chance_);
  const FailedAttempt failed{
      .problem = wire::to_json(problem::attempt_failed()),
      .retry_in = handlers_.retry_policy(claim.kind).delay_after(claim.attempt, chance)};
  base::BackOff back_off{20ms, 1s};
  while (!stop.stop_requested()) {
    try {
      const auto connection = pool_.acquire(stop);
      base::fail_point("work.failing");
      const auto ended =
          fail_batch(*connection, id_, claim, failed, make_piece_ids(ids_, kSplitPieces));
      base::fail_point("work.failed");
      // The pieces are ready at once.
      accepted_.notify();
      if (ended) publish_status(*connection, *ended, options_.statuses);
      return Work::kSettled;
    } catch (const base::Error& error) {
      log_.warning("a failed claim could not be settled yet", {{"reason", error.what()}});
      base::pause(stop, back_off.next());
    }
  }
  return Work::kStopped;
}

// At a stop: others may have the claims at once instead of after the lease. Tried once; what could
// not be given back is rescued.
void Worker::give_back(std::span<const Claim> claims) {
  try {
    const int given = give_back_claims(*pool_.acquire(), id_, claims);
    log_.debug("claims were given back", {{"batches", given}});
  } catch (const base::Error& error) {
    log_.warning("claims could not be given back; they wait for the end of their lease",
                 {{"reason", error.what()}});
  }
}

}  // namespace engine::jobs
