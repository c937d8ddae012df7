#include "engine/requests/work_waiters.hpp"

#include "base/error.hpp"

#include <set>
#include <utility>

namespace engine::requests {

WorkWaiters::WorkWaiters(const jobs::OutsideRuns& runs,
                         base::WakeSignal& ready,
                         const base::Log& log,
                         WaiterOptions options)
    : runs_{runs},
      ready_{ready},
      log_{log},
      options_{options},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

bool WorkWaiters::add(Wait& wait) {
  const bool has_room = state_.with([&](State& state) {
    if (state.waiting >= options_.waiters_max) return false;
    state.arrived.push_back(std::move(wait));
    ++state.waiting;
    return true;
  });
  if (has_room) ready_.notify();  // A job may have come since it looked.
  return has_room;
}

void WorkWaiters::run(const std::stop_token& stop) {
  auto look_at = Clock::now();
  while (!stop.stop_requested()) {
    const bool is_woken = ready_.wait_for(stop, options_.stop_within);
    take_arrived();
    if (is_woken || Clock::now() >= look_at) {
      look_at = Clock::now() + options_.look_every;
      offer_work();
    }
    reply_to_due();
  }
}

void WorkWaiters::take_arrived() {
  state_.with([&](State& state) {
    for (Wait& wait : std::exchange(state.arrived, {})) waits_.push_back(std::move(wait));
  });
}

void WorkWaiters::offer_work() {
  std::set<std::vector<std::string>> without_work;
  try {
    for (Wait& wait : waits_) {
      if (wait.stopping.stop_requested() || without_work.contains(wait.kinds)) continue;
      const Claimed claimed = runs_.claim(wait.kinds, wait.limit);
      if (claimed.empty()) {
        without_work.insert(wait.kinds);
        continue;
      }
      std::exchange(wait.reply, {})(claimed);
    }
  } catch (const base::Error& error) {
    log_.debug("workers that wait for work wait for the database, too", {{"reason", error.what()}});
  }
}

void WorkWaiters::reply_to_due() {
  const auto now = Clock::now();
  const auto gone = std::erase_if(waits_, [&](Wait& wait) {
    if (!wait.reply) return true;
    if (now < wait.until && !wait.stopping.stop_requested()) return false;
    wait.reply({});
    return true;
  });
  state_.with([&](State& state) { state.waiting -= gone; });
}

}  // namespace engine::requests
