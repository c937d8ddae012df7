#include "engine/bridge/leader_lease.hpp"

#include <array>

namespace engine::bridge {
namespace {

constexpr pg::Statement kTake{"bridge_take_lead", R"(
  select engine.take_lead('relay', $1 * interval '1 ms') as term
)"};

// A lost renewal is the same as none, so it need not wait for the disk.
constexpr pg::Statement kRenew{"bridge_renew_lead", R"(
  update engine.leader
    set leased_until = clock_timestamp() + $2 * interval '1 ms'
    where name = 'relay' and term = $1 and holder_pid = pg_backend_pid()
      and set_config('synchronous_commit', 'off', true) = 'off'
)"};

constexpr pg::Statement kRelease{"bridge_release_lead", R"(
  update engine.leader
    set holder_pid = null, holder_started = null, leased_until = '-infinity'
    where name = 'relay' and term = $1 and holder_pid = pg_backend_pid()
)"};

constexpr std::array kStatements{kTake, kRenew, kRelease};

}  // namespace

std::span<const pg::Statement> leader_lease_statements() {
  return kStatements;
}

std::optional<std::int64_t> LeaderLease::take() {
  const auto asked_at = clock_.monotonic();
  const auto term =
      session_.run(kTake, kLease.count()).one().get<std::optional<std::int64_t>>("term");
  if (!term) return std::nullopt;
  term_ = *term;
  held_since_ = asked_at;
  return term;
}

bool LeaderLease::renew() {
  const auto asked_at = clock_.monotonic();
  if (session_.run(kRenew, term_, kLease.count()).affected() != 1) return false;
  held_since_ = asked_at;
  return true;
}

void LeaderLease::release() {
  session_.run(kRelease, term_);
}

}  // namespace engine::bridge
