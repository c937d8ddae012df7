#include "engine/jobs/scheduler.hpp"

#include "base/check.hpp"
#include "base/pause.hpp"
#include "base/time_text.hpp"
#include "engine/jobs/accept_store.hpp"
#include "wire/caller.hpp"
#include "wire/issuer.hpp"

#include <utility>

namespace engine::jobs {
namespace {

using std::chrono::floor;
using std::chrono::milliseconds;

// Nobody's token says so, unless an operator mints one: then its bearer can follow these jobs.
std::string caller_of(const Schedule& schedule) {
  const auto caller = wire::Caller::from(wire::kOwnAlias, "schedule:" + schedule.name);
  base::check(caller.has_value(), "a schedule's name fits into a caller");
  return caller->text();
}

JobSpec job_of(const Schedule& schedule, CronTimes::Minute fire_at) {
  base::Json args = schedule.args;
  args["fire_at"] = base::utc_text(fire_at);
  return {.kind = schedule.kind,
          .caller = caller_of(schedule),
          .args = base::to_text(args),
          .traceparent = std::nullopt};
}

}  // namespace

Scheduler::Scheduler(pg::Pool& pool,
                     const ScheduleRegistry& schedules,
                     NodeLease& ids,
                     base::WakeSignal& accepted,
                     const base::Clock& clock,
                     const base::Log& log,
                     SchedulerOptions options)
    : pool_{pool},
      schedules_{schedules},
      ids_{ids},
      accepted_{accepted},
      clock_{clock},
      log_{log},
      options_{options},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Scheduler::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (next_.empty()) begin(stop);
      accept_due(stop);
      if (clock_.monotonic() >= prune_at_) prune(stop);
    } catch (const base::TransientError& error) {
      log_.debug("the scheduler waits for the database", {{"reason", error.what()}});
    } catch (const base::Error& error) {
      log_.error("the scheduler cannot work", {{"reason", error.what()}});
      base::pause(stop, std::chrono::seconds{1});
    }
    base::pause(stop, options_.look_every);
  }
}

void Scheduler::begin(const std::stop_token& stop) {
  const auto now = clock_.wall();
  std::vector<std::string> names;
  std::vector<CronTimes::Minute> next;
  for (const auto& [schedule, times] : schedules_.entries()) {
    names.push_back(schedule.name);
    // Whether the latest was missed, the database knows.
    next.push_back(schedule.catch_up == CatchUp::kLatest
                       ? times.last_until(now)
                       : times.next_after(now - options_.late_max));
  }
  make_schedules_known(*pool_.acquire(stop), names, floor<milliseconds>(now));
  next_ = std::move(next);
}

// Of several that have passed only the latest counts.
std::vector<Scheduler::Due> Scheduler::due() {
  const auto now = clock_.wall();
  std::vector<Due> all;
  for (std::size_t place = 0; place < next_.size(); ++place) {
    if (next_[place] > now) continue;
    const auto& [schedule, times] = schedules_.entries()[place];
    const Due one{.place = place, .fire_at = times.last_until(now)};
    if (schedule.catch_up == CatchUp::kNone && one.fire_at < now - options_.late_max) {
      advance(one);
    } else {
      all.push_back(one);
    }
  }
  return all;
}

void Scheduler::accept_due(const std::stop_token& stop) {
  const std::vector<Due> all = due();
  if (all.empty()) return;
  const std::vector<Taken> taken = accept(stop, all);
  bool is_early = false;
  bool is_any_ours = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    is_any_ours = is_any_ours || taken[i] == Taken::kOurs;
    is_early = is_early || taken[i] == Taken::kEarly;
    if (taken[i] != Taken::kEarly) advance(all[i]);
  }
  if (is_any_ours) accepted_.notify();
  if (is_early && !is_clock_ahead_) {
    log_.warning(
        "the clock of this machine is over a minute ahead; schedules wait for the database's");
  }
  is_clock_ahead_ = is_early;
}

// When the commit is in doubt it is asked again, and the fire times say whether it was stored.
std::vector<Taken> Scheduler::accept(const std::stop_token& stop, const std::vector<Due>& due) {
  Fires fires;
  for (const Due& one : due) {
    fires.schedules.push_back(schedules_.entries()[one.place].schedule.name);
    fires.at_ms.push_back(milliseconds{one.fire_at.time_since_epoch()}.count());
  }
  const auto connection = pool_.acquire(stop);
  pg::Transaction tx{*connection};
  std::vector<Taken> taken = take_fires(tx, fires);
  std::vector<JobSpec> specs;
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (taken[i] != Taken::kOurs) continue;
    specs.push_back(job_of(schedules_.entries()[due[i].place].schedule, due[i].fire_at));
  }
  if (specs.empty()) return taken;

  std::vector<const JobSpec*> pointers;
  pointers.reserve(specs.size());
  for (const JobSpec& spec : specs) pointers.push_back(&spec);
  auto rows = AcceptedRows::of(pointers, ids_);
  if (!rows) throw base::TransientError{"no node number is leased"};
  rows->insert_within(tx);
  tx.commit();
  return taken;
}

void Scheduler::advance(const Due& done) {
  next_[done.place] = schedules_.entries()[done.place].times.next_after(done.fire_at);
}

void Scheduler::prune(const std::stop_token& stop) {
  prune_fires(*pool_.acquire(stop), floor<milliseconds>(clock_.wall()) - options_.keep);
  prune_at_ = clock_.monotonic() + options_.prune_every;
}

}  // namespace engine::jobs
