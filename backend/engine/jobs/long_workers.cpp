#include "engine/jobs/long_workers.hpp"

#include "base/error.hpp"
#include "base/fail_point.hpp"
#include "base/pause.hpp"
#include "engine/jobs/job_log.hpp"
#include "engine/jobs/status_store.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;

// Three times within a lease, so that one lost renewal loses no job.
constexpr int kRenewalsPerLease = 4;

std::vector<KindLimit> limits_of(const HandlerRegistry& handlers) {
  std::vector<KindLimit> limits;
  for (const std::string& kind : handlers.long_kinds()) {
    limits.push_back({.kind = kind, .running_max = handlers.long_limits(kind).running_max});
  }
  return limits;
}

}  // namespace

LongWorkers::LongWorkers(const Surroundings& around, LongOptions options)
    : around_{around},
      options_{options},
      kinds_{limits_of(around.handlers)},
      settler_{{.queue = around.queue,
                .handlers = around.handlers,
                .ids = around.ids,
                .appended = around.appended,
                .log = around.log,
                .statuses = options.statuses}},
      keeper_{[this](const std::stop_token& stop) { keep(stop); }} {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { carry_out_all(stop); });
  }
}

LongWorkers::~LongWorkers() {
  state_.update([](State& state) { state.is_stopping = true; });
  for (const ActivePtr& active : supervised()) ask(*active, Run::StopReason::kShutdown);
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  keeper_.request_stop();
  keeper_.join();
  // What the keeper had claimed as the last thread ended.
  for (const ActivePtr& active : supervised()) {
    ask(*active, Run::StopReason::kShutdown);
    settler_.settle(id_, active->claimed, *active->run, {}, options_.report_every);
  }
}

// --- The keeper.

void LongWorkers::keep(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (const auto id = around_.ids.next()) {
      id_ = WorkerId{id->value};
      break;
    }
    base::pause(stop, 20ms);
  }

  auto report_at = Clock::now();
  auto look_at = report_at;
  auto renew_at = report_at;
  auto claim_at = report_at;
  while (!stop.stop_requested()) {
    try {
      const auto now = Clock::now();
      if (now >= report_at) {
        report_at = now + options_.report_every;
        report_all();
      }
      if (now >= renew_at) {
        renew_at = now + options_.lease / kRenewalsPerLease;
        renew_all();
      }
      if (now >= look_at) {
        look_at = now + options_.look_every;
        look_for_stops();
      }
      if (now >= claim_at && !claim_what_fits()) claim_at = now + options_.poll;
    } catch (const base::TransientError& error) {
      around_.log.debug("long jobs wait for the database", {{"reason", error.what()}});
    } catch (const base::Error& error) {
      around_.log.error("long jobs cannot be looked after", {{"reason", error.what()}});
      base::pause(stop, 1s);
    }
    give_up_the_deaf();
    const bool is_idle = supervised().empty();
    if (around_.ready.wait_for(stop, is_idle ? options_.poll : options_.report_every)) {
      claim_at = Clock::now();
    }
  }
}

// False: there is nothing more to claim for now.
bool LongWorkers::claim_what_fits() {
  const bool has_room = state_.with([&](const State& state) {
    return !state.is_stopping && state.active.size() < options_.threads;
  });
  if (!has_room) return false;
  const auto connection = around_.queue.acquire();
  auto claimed = claim_run(*connection, around_.ids, id_, kinds_, options_.lease);
  if (!claimed) return false;
  base::fail_point("long.claimed");
  const wire::JobId job = claimed->job.id;
  add(std::move(*claimed));
  publish_status(*connection, job, options_.statuses);
  return true;
}

void LongWorkers::add(ClaimedRun claimed) {
  const auto now = Clock::now();
  const auto limit = around_.handlers.long_limits(claimed.claim.kind).time_limit;
  auto run = std::make_unique<Run>(claimed.job, around_.database);
  auto active = std::make_shared<Active>(Active{.claimed = std::move(claimed),
                                                .run = std::move(run),
                                                .ends_at = now + limit,
                                                .renewed_at = now});
  const bool is_stopping = state_.update([&](State& state) {
    state.active.push_back(active);
    state.waiting.push_back(active);
    return state.is_stopping;
  });
  if (is_stopping) ask(*active, Run::StopReason::kShutdown);
}

std::vector<LongWorkers::ActivePtr> LongWorkers::supervised() const {
  return state_.with([](const State& state) {
    std::vector<ActivePtr> all;
    std::ranges::copy_if(state.active, std::back_inserter(all), [](const ActivePtr& one) {
      return !one->is_given_up;
    });
    return all;
  });
}

void LongWorkers::ask(Active& active, Run::StopReason reason) {
  active.run->request_stop(reason);
  state_.with([&](State&) {
    if (!active.asked_at) active.asked_at = Clock::now();
  });
}

void LongWorkers::report_all() {
  for (const ActivePtr& active : supervised()) {
    if (!settler_.report(id_, active->claimed, *active->run)) {
      ask(*active, Run::StopReason::kLost);
    }
  }
}

void LongWorkers::renew_all() {
  const auto all = supervised();
  if (all.empty()) return;
  std::vector<Claim> claims;
  claims.reserve(all.size());
  for (const ActivePtr& active : all) claims.push_back(active->claimed.claim);
  const auto now = Clock::now();
  const auto held = renew_runs(*around_.queue.acquire(), id_, claims, options_.lease);
  for (const ActivePtr& active : all) {
    if (std::ranges::find(held, active->claimed.claim.batch.value) != held.end()) {
      active->renewed_at = now;
    } else {
      ask(*active, Run::StopReason::kLost);
    }
  }
}

void LongWorkers::look_for_stops() {
  const auto all = supervised();
  if (all.empty()) return;
  std::vector<std::int64_t> jobs;
  jobs.reserve(all.size());
  for (const ActivePtr& active : all) {
    jobs.push_back(active->claimed.job.id.value());
  }
  const auto asked = find_asked_to_stop(*around_.queue.acquire(), jobs);
  for (const ActivePtr& active : all) {
    if (std::ranges::find(asked, active->claimed.job.id.value()) != asked.end()) {
      ask(*active, Run::StopReason::kAsked);
    }
  }
}

// A handler that does not hear keeps its thread, but neither its job nor its lease.
void LongWorkers::give_up_the_deaf() {
  const auto now = Clock::now();
  for (const ActivePtr& active : supervised()) {
    if (now >= active->ends_at) ask(*active, Run::StopReason::kTimeLimit);
    // Somebody else may have the job by now.
    if (now >= active->renewed_at + options_.lease) ask(*active, Run::StopReason::kLost);
    const auto asked_at = state_.with([&](const State&) { return active->asked_at; });
    if (!asked_at || now < *asked_at + options_.grace) continue;
    const bool is_ours = state_.update([&](State& state) {
      const bool is_active = std::ranges::find(state.active, active) != state.active.end();
      return is_active && !std::exchange(active->is_given_up, true);
    });
    if (!is_ours) continue;
    log_error(around_.log,
              "a long handler does not stop when asked",
              active->claimed.job,
              "its thread is lost until a restart");
    settler_.settle(id_, active->claimed, *active->run, {}, options_.report_every);
  }
}

// --- The threads that carry out.

void LongWorkers::carry_out_all(const std::stop_token& stop) {
  while (const ActivePtr active = take(stop)) {
    carry_out(active);
    state_.update([&](State& state) { std::erase(state.active, active); });
    around_.ready.notify();  // There is room for one more.
  }
}

// What was claimed before a stop is taken, to be given back. Null: nothing comes any more.
LongWorkers::ActivePtr LongWorkers::take(const std::stop_token& stop) {
  while (true) {
    auto active = state_.wait_for(
        stop,
        1s,
        [](const State& state) { return !state.waiting.empty(); },
        [](State& state, bool) -> ActivePtr {
          if (state.waiting.empty()) return nullptr;
          auto first = state.waiting.front();
          state.waiting.pop_front();
          return first;
        });
    if (active || stop.stop_requested()) return active;
  }
}

void LongWorkers::carry_out(const ActivePtr& active) {
  Run& run = *active->run;
  RunSettler::End end;
  if (!run.stop().stop_requested()) {
    try {
      end.finished = around_.handlers.find_long(active->claimed.claim.kind)->handle(run);
    } catch (const std::exception& error) {
      end.has_failed = !run.stop().stop_requested();
      if (end.has_failed) {
        log_error(around_.log, "an attempt failed", active->claimed.job, error.what());
      }
    }
  }
  const bool is_ours = state_.with([&](const State&) { return !active->is_given_up; });
  if (is_ours) settler_.settle(id_, active->claimed, run, end, options_.lease);
}

}  // namespace engine::jobs
