#include "engine/bridge/relay.hpp"

#include "base/pause.hpp"

#include <exception>
#include <utility>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;
using Role = BridgeState::Role;

constexpr auto kStandbyPeriod = 250ms;
// Short enough for the leader to renew its lease in time, or to know that it could not, and for a
// stop within five seconds while the server does not reply.
constexpr auto kStatementTimeout = 1s;
constexpr auto kReplyMargin = 500ms;
constexpr auto kConnectTimeout = 2s;

pg::ConnectionOptions impatient(pg::ConnectionOptions database) {
  database.application_name = "earshot relay";
  database.statement_timeout = kStatementTimeout;
  database.reply_margin = kReplyMargin;
  database.lock_timeout = kStatementTimeout;
  database.connect_timeout = kConnectTimeout;
  database.pin_planner = true;
  return database;
}

}  // namespace

Relay::Relay(pg::ConnectionOptions database,
             BridgeOptions options,
             base::WakeSignal& wake,
             const base::Clock& clock,
             const base::Log& log)
    : database_{impatient(std::move(database))},
      options_{std::move(options)},
      wake_{wake},
      clock_{clock},
      log_{log},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

BridgeState Relay::state() const {
  return state_.with([](const BridgeState& state) { return state; });
}

void Relay::run(const std::stop_token& stop) {
  base::BackOff back_off{options_.retry_first, options_.retry_most};
  bool is_away_said = false;
  while (!stop.stop_requested()) {
    std::chrono::milliseconds until_next = kStandbyPeriod;
    try {
      lead_if_possible(stop);
      back_off.reset();
      is_away_said = false;
    } catch (const std::exception& trouble) {
      session_.reset();
      state_.with([](BridgeState& state) { state = {}; });
      until_next = back_off.next();
      if (!is_away_said) {
        log_.warning("the bridge waits for the database", {{"reason", trouble.what()}});
        is_away_said = true;
      }
    }
    base::pause(stop, until_next);
  }
}

void Relay::lead_if_possible(const std::stop_token& stop) {
  if (!session_ || !session_->is_usable()) {
    session_.reset();
    session_ = std::make_unique<pg::Connection>(database_);
  }
  LeaderLease lease{*session_, clock_};
  const auto term = lease.take();
  if (!term) {
    state_.with([](BridgeState& state) { state = {.role = Role::kStandby}; });
    return;
  }

  RelayTerm{{.database = database_,
             .options = options_,
             .wake = wake_,
             .clock = clock_,
             .log = log_,
             .state = state_},
            lease,
            *term}
      .run(stop);
  if (session_->is_usable()) lease.release();
}

}  // namespace engine::bridge
