#include "pg/pool.hpp"

#include "base/check.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pg {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

ConnectionOptions warning_to(const base::Log& log, ConnectionOptions options) {
  options.log = &log;
  return options;
}

}  // namespace

// A slot that is taken while its connection is being made, and free again if that fails.
class Pool::Opening {
 public:
  explicit Opening(Pool& pool) : pool_{pool} {}
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() {
    if (!is_done_) pool_.note_failure();
  }

  [[nodiscard]] std::unique_ptr<Connection> open(Deadline deadline) {
    auto connection = std::make_unique<Connection>(pool_.connection_, deadline);
    if (pool_.options_.admit) pool_.options_.admit(*connection);
    is_done_ = true;
    return connection;
  }

 private:
  Pool& pool_;
  bool is_done_{false};
};

Lease::~Lease() {
  if (connection_) pool_->give_back(std::move(connection_));
}

Pool::Pool(ConnectionOptions connection, PoolOptions options, const base::Log& log)
    : connection_{warning_to(log, std::move(connection))},
      options_{std::move(options)},
      log_{log} {}

Pool::~Pool() {
  state_.with([](const State& state) {
    base::check(state.open == state.idle.size(), "a pool ended before its leases");
  });
}

Deadline Pool::deadline() const {
  if (options_.lease_max.count() == 0) return std::nullopt;
  return steady_clock::now() + options_.lease_max;
}

Lease Pool::acquire(const std::stop_token& stop) {
  const Deadline until = deadline();
  while (true) {
    auto connection = take_idle_or_slot(stop);
    if (!connection) break;
    if (connection->is_usable()) {
      connection->set_deadline(until);
      return Lease{*this, std::move(connection)};
    }
    give_back(std::move(connection));  // The server closed it while nobody used it.
  }
  auto connection = Opening{*this}.open(until);
  const int failures = state_.with([](State& state) { return std::exchange(state.failures, 0); });
  if (failures > 0) log_.info("the database can be reached again");
  return Lease{*this, std::move(connection)};
}

std::unique_ptr<Connection> Pool::take_idle_or_slot(const std::stop_token& stop) {
  const auto may_go = [&](const State& state) {
    return !state.idle.empty() || state.open < options_.connections_max;
  };
  return state_.wait_for(stop, options_.wait_max, may_go, [&](State& state, bool is_ready) {
    if (!is_ready) {
      throw base::TransientError{
          stop.stop_requested() ? "stopped while waiting for a database connection"
                                : fmt::format("no database connection became free within {} ms",
                                              options_.wait_max.count())};
    }
    if (!state.idle.empty()) {
      auto connection = std::move(state.idle.back());
      state.idle.pop_back();
      return connection;
    }
    if (steady_clock::now() < state.retry_at) {
      throw base::TransientError{"the database could not be reached a moment ago"};
    }
    ++state.open;
    return std::unique_ptr<Connection>{};
  });
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  if (connection->has_timed_out()) return note_failure();
  const bool is_usable = connection->is_usable();
  std::vector<std::unique_ptr<Connection>> closed;  // Closed outside the lock.
  state_.update([&](State& state) {
    if (is_usable) {
      state.idle.push_back(std::move(connection));
      return;
    }
    // What one has prepared in vain, the others of its age have too.
    if (connection->is_stale()) closed.swap(state.idle);
    closed.push_back(std::move(connection));
    state.open -= closed.size();
  });
}

void Pool::note_failure() {
  const auto now = steady_clock::now();
  const auto delay = state_.update([&](State& state) {
    --state.open;
    // Several threads that failed together are one failure.
    if (now < state.retry_at) return milliseconds{0};
    const auto doubled = options_.retry_delay_min * (1 << std::min(state.failures, 10));
    const auto longest = std::min<milliseconds>(doubled, options_.retry_delay_max);
    const milliseconds next{std::uniform_int_distribution<milliseconds::rep>{
        longest.count() / 2, longest.count()}(state.chance)};
    ++state.failures;
    state.retry_at = now + next;
    return next;
  });
  if (delay.count() == 0) return;
  log_.warning("the database cannot be reached", {{"retry_after_ms", delay.count()}});
}

}  // namespace pg
