#include "engine/jobs/node_lease.hpp"

#include "base/error.hpp"
#include "base/pause.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>
#include <utility>

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;

constexpr auto kLease = 30s;
constexpr auto kRenewal = 5s;
constexpr auto kRetry = 500ms;
// How far ahead stamps may be made: longer than a lease, so that a renewal that is late for a few
// seconds does not stop accepts; short, so that a successor's ids are not far in the future.
constexpr auto kAhead = 60s;

// The number whose stamps are furthest behind, so that restarts do not push one number ahead.
constexpr pg::Statement kLeaseNumber{"node_lease", R"(
  with free as materialized (
    select number, stamps_below from engine.node
    where leased_until < now()
    order by stamps_below, number
    limit 1
    for update skip locked
  )
  update engine.node n
  set term = n.term + 1,
      leased_until = now() + $1::interval,
      stamps_below = greatest(n.stamps_below, $2)
  from free
  where n.number = free.number
  returning n.number, n.term, free.stamps_below as stamps_from, n.stamps_below)"};

constexpr pg::Statement kRenew{"node_renew", R"(
  update engine.node
  set leased_until = now() + $3::interval, stamps_below = greatest(stamps_below, $4)
  where number = $1 and term = $2
  returning stamps_below)"};

constexpr pg::Statement kRelease{"node_release", R"(
  update engine.node set leased_until = '-infinity' where number = $1 and term = $2)"};

std::string interval_text(std::chrono::seconds length) {
  return std::to_string(length.count()) + " s";
}

constexpr std::array kStatements{kLeaseNumber, kRenew, kRelease};

}  // namespace

std::span<const pg::Statement> node_lease_statements() {
  return kStatements;
}

NodeLease::NodeLease(pg::Pool& pool, const base::Clock& clock, const base::Log& log)
    : pool_{pool}, clock_{clock}, log_{log} {
  // Before anybody waits for an id; if the database is away, the keeper goes on trying.
  std::ignore = keep_number({});
  keeper_ = std::jthread{[this](const std::stop_token& stop) { keep(stop); }};
}

std::optional<BatchId> NodeLease::next() {
  const Stamp now = Stamp::at(clock_.wall());
  return state_.with([&](State& state) -> std::optional<BatchId> {
    // Later than the last one even when the clock was set back.
    const Stamp stamp = std::max(now, Stamp{state.last.value + 1});
    if (!state.node || stamp >= state.ceiling) return std::nullopt;
    state.last = stamp;
    return BatchId::of(stamp, *state.node);
  });
}

void NodeLease::keep(const std::stop_token& stop) {
  bool is_kept = state_.with([](const State& state) { return state.node.has_value(); });
  while (!stop.stop_requested()) {
    base::pause(stop, is_kept ? std::chrono::nanoseconds{kRenewal} : kRetry);
    if (!stop.stop_requested()) is_kept = keep_number(stop);
  }
  // A database that was away a moment ago would only make the end wait.
  if (is_kept) release();
}

bool NodeLease::keep_number(const std::stop_token& stop) {
  try {
    renew_or_lease(stop);
    is_trouble_said_ = false;
    return true;
  } catch (const base::Error& error) {
    // Lasting faults too (a wrong password, missing tables): somebody may mend them meanwhile.
    if (!std::exchange(is_trouble_said_, true)) {
      log_.warning("the node number could not be renewed", {{"reason", error.what()}});
    }
    return false;
  }
}

void NodeLease::renew_or_lease(const std::stop_token& stop) {
  const bool is_held = state_.with([](const State& state) { return state.node.has_value(); });
  if (is_held && renew(stop)) return;
  lease(stop);
}

bool NodeLease::renew(const std::stop_token& stop) {
  const State held = state_.with([](const State& state) { return state; });
  const Stamp ceiling = Stamp::at(clock_.wall()).plus(kAhead);
  const auto connection = pool_.acquire(stop);
  const pg::Rows rows =
      connection->run(kRenew, *held.node, held.term, interval_text(kLease), ceiling.value);
  if (rows.empty()) return false;
  state_.update([&](State& state) { state.ceiling.value = rows.one().get<std::int64_t>(0); });
  return true;
}

void NodeLease::lease(const std::stop_token& stop) {
  const Stamp ceiling = Stamp::at(clock_.wall()).plus(kAhead);
  const auto connection = pool_.acquire(stop);
  const pg::Rows rows = connection->run(kLeaseNumber, interval_text(kLease), ceiling.value);
  if (rows.empty()) {
    throw base::TransientError{"all 64 node numbers are leased: too many processes, or restarts"};
  }
  const pg::Row row = rows.one();
  const Stamp from{row.get<std::int64_t>("stamps_from")};
  const Stamp below{row.get<std::int64_t>("stamps_below")};
  state_.update([&](State& state) {
    state = {.node = row.get<std::int32_t>("number"),
             .term = row.get<std::int64_t>("term"),
             .last = from,
             .ceiling = below};
  });
  log_.info("node number leased", {{"number", row.get<std::int32_t>("number")}});
}

void NodeLease::release() noexcept {
  const State held = state_.with([](const State& state) { return state; });
  if (!held.node) return;
  try {
    pool_.acquire()->run(kRelease, *held.node, held.term);
  } catch (const std::exception& error) {
    log_.debug("the node number was not released; its lease ends by itself",
               {{"reason", error.what()}});
  }
}

}  // namespace engine::jobs
