#include "engine/requests/job_waiters.hpp"

#include "base/error.hpp"
#include "engine/jobs/status_store.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace engine::requests {
namespace {

// Ids of one look into the database, which takes a few milliseconds for so many.
constexpr std::size_t kAskedAtOnce = 512;

}  // namespace

JobWaiters::JobWaiters(pg::Pool& pool, const base::Log& log, WaiterOptions options)
    : pool_{pool}, log_{log}, options_{options}, thread_{[this](const std::stop_token& stop) {
        run(stop);
      }} {}

bool JobWaiters::add(Wait& wait) {
  return state_.update([&](State& state) {
    if (state.waits.size() >= options_.waiters_max) return false;
    const std::int64_t id = wait.last.id.value();
    state.waits.emplace(id, std::move(wait));
    state.changed.insert(id);  // It may have ended between the client's last look and now.
    return true;
  });
}

void JobWaiters::publish(std::vector<jobs::JobStatus> statuses) noexcept {
  const bool is_any = state_.with([&](State& state) {
    if (state.waits.empty()) return false;
    for (const jobs::JobStatus& status : statuses) {
      if (state.waits.contains(status.id.value())) state.changed.insert(status.id.value());
    }
    return !state.changed.empty();
  });
  if (is_any) state_.update([](State&) {});
}

void JobWaiters::run(const std::stop_token& stop) {
  auto look_at_all = Clock::now() + options_.look_every;
  while (!stop.stop_requested()) {
    std::vector<std::int64_t> ids = take_changed(stop);
    if (Clock::now() >= look_at_all) {
      ids = all_waited_for();
      look_at_all = Clock::now() + options_.look_every;
    }
    try {
      look_at(ids);
    } catch (const base::Error& error) {
      log_.debug("waiting requests wait for the database, too", {{"reason", error.what()}});
    }
    reply_to_due();
  }
}

std::vector<std::int64_t> JobWaiters::take_changed(const std::stop_token& stop) {
  return state_.wait_for(
      stop,
      options_.stop_within,
      [](const State& state) { return !state.changed.empty(); },
      [](State& state, bool) {
        const auto changed = std::exchange(state.changed, {});
        return std::vector<std::int64_t>(changed.begin(), changed.end());
      });
}

std::vector<std::int64_t> JobWaiters::all_waited_for() const {
  return state_.with([](const State& state) {
    std::vector<std::int64_t> ids;
    for (const auto& [id, wait] : state.waits) {
      if (ids.empty() || ids.back() != id) ids.push_back(id);
    }
    return ids;
  });
}

void JobWaiters::look_at(const std::vector<std::int64_t>& ids) {
  if (ids.empty()) return;
  const auto connection = pool_.acquire();
  for (std::size_t first = 0; first < ids.size(); first += kAskedAtOnce) {
    const auto count = std::min(kAskedAtOnce, ids.size() - first);
    for (const auto& status :
         jobs::find_jobs(*connection,
                         {ids.begin() + static_cast<std::ptrdiff_t>(first),
                          ids.begin() + static_cast<std::ptrdiff_t>(first + count)})) {
      tell(status);
    }
  }
}

void JobWaiters::tell(const jobs::JobStatus& status) {
  std::vector<Wait> satisfied;
  state_.with([&](State& state) {
    auto [first, last] = state.waits.equal_range(status.id.value());
    while (first != last) {
      if (status.version >= first->second.last.version) first->second.last = status;
      if (!first->second.is_enough(first->second.last)) {
        ++first;
        continue;
      }
      satisfied.push_back(std::move(first->second));
      first = state.waits.erase(first);
    }
  });
  for (const Wait& wait : satisfied) wait.reply(wait.last);
}

void JobWaiters::reply_to_due() {
  const auto now = Clock::now();
  std::vector<Wait> due;
  state_.with([&](State& state) {
    for (auto it = state.waits.begin(); it != state.waits.end();) {
      if (now < it->second.until && !it->second.stopping.stop_requested()) {
        ++it;
        continue;
      }
      due.push_back(std::move(it->second));
      it = state.waits.erase(it);
    }
  });
  for (const Wait& wait : due) wait.reply(wait.last);
}

}  // namespace engine::requests
