#include "engine/bridge/relay_term.hpp"

#include "base/error.hpp"
#include "engine/bridge/head_store.hpp"
#include "engine/bridge/relay_store.hpp"
#include "engine/outbox/event_store.hpp"

#include <algorithm>

namespace engine::bridge {
namespace {

using namespace std::chrono_literals;

// Every reply of the broker wakes the relay, but not every one is worth a look into the log.
constexpr auto kReadGap = 1ms;
// While replies are outstanding the lanes are looked after at least this often.
constexpr auto kInFlightPeriod = 30ms;

}  // namespace

RelayTerm::RelayTerm(const Surroundings& around, LeaderLease& lease, std::int64_t term)
    : around_{around},
      lease_{lease},
      term_{term},
      lanes_{around.options, around.wake, around.clock, around.log},
      event_log_pause_{around.options.retry_first, around.options.retry_most},
      poll_{around.options.poll_least} {}

void RelayTerm::run(const std::stop_token& stop) {
  while (!stop.stop_requested() && run_round()) {
    is_woken_ |= around_.wake.wait_for(stop, pause());
  }
  finish();
}

bool RelayTerm::run_round() {
  lanes_.settle();
  if (!keep_lease() || !use_event_log()) return false;
  // Reading may have taken long: nothing is published without the lease.
  if (!lease_.is_held()) return false;
  lanes_.send();
  show_state();
  return true;
}

bool RelayTerm::keep_lease() {
  // Connecting cuts off whoever is connected as `relay-<k>`: only a leader for certain may do it.
  const bool wants_connection = lanes_.wants_connection();
  try {
    if ((wants_connection || lease_.is_due()) && !lease_.renew()) {
      around_.log.warning("another process relays now", {{"term", term_}});
      return false;
    }
  } catch (const base::Error& lost) {
    around_.log.warning("the lease of the relay is lost", {{"reason", lost.what()}});
    return false;
  }
  if (wants_connection) lanes_.connect();
  return true;
}

bool RelayTerm::use_event_log() {
  const auto now = around_.clock.monotonic();
  if (!event_log_ && now < event_log_due_at_) return true;
  try {
    if (!event_log_ && !open_event_log()) return false;
    read_event_log();
    load_heads();
    return now < saved_at_ + around_.options.save_period || save_position();
  } catch (const base::Error& lost) {
    event_log_.reset();
    event_log_due_at_ = now + event_log_pause_.next();
    if (!is_event_log_away_) {
      around_.log.warning("the relay cannot use the database", {{"reason", lost.what()}});
      is_event_log_away_ = true;
    }
    return true;
  }
}

bool RelayTerm::open_event_log() {
  auto connection = std::make_unique<pg::Connection>(around_.database);
  std::string epoch = outbox::read_epoch(*connection);
  if (epoch_.empty()) {
    read_ = saved_ = RelayStore{*connection}.begin(term_);
    head_load_.emplace(read_, HeadStore{*connection}.newest_offset());
    around_.log.info("relaying events", {{"term", term_}, {"epoch", epoch}, {"after", read_}});
  } else if (epoch != epoch_) {
    // What is in the lanes may never have happened in this history.
    around_.log.warning("the event log has another epoch", {{"epoch", epoch}});
    return false;
  }
  epoch_ = std::move(epoch);
  event_log_ = std::move(connection);
  event_log_pause_.reset();
  is_event_log_away_ = false;
  is_woken_ = true;
  return true;
}

void RelayTerm::read_event_log() {
  const auto now = around_.clock.monotonic();
  const bool is_due = now >= read_at_ + (is_woken_ || is_behind_ ? kReadGap : poll());
  const std::size_t limit = std::min(lanes_.room(), around_.options.read_max);
  if (!is_due || limit == 0) return;

  const auto events = outbox::read_after(*event_log_, read_, static_cast<int>(limit));
  read_at_ = now;
  is_behind_ = events.size() == limit;
  if (!events.empty()) {
    poll_ = around_.options.poll_least;
    lanes_.add(events, epoch_);
    read_ = events.back().offset;
  } else if (!is_woken_) {
    poll_ = std::min(poll_ * 2, longest_poll());
  }
  is_woken_ = false;
}

void RelayTerm::load_heads() {
  if (!head_load_) return;
  head_load_->step(*event_log_, lanes_);
  if (!head_load_->is_complete() || read_ < head_load_->newest()) return;
  lanes_.say_heads_from(head_load_->newest(), epoch_);
  head_load_.reset();
}

bool RelayTerm::save_position() {
  const std::int64_t position = lanes_.position(read_);
  if (position == saved_) return true;
  if (!RelayStore{*event_log_}.save(term_, position)) {
    around_.log.warning("another process relays now", {{"term", term_}});
    return false;
  }
  saved_ = position;
  saved_at_ = around_.clock.monotonic();
  return true;
}

void RelayTerm::finish() {
  lanes_.say_goodbye();
  const auto end = around_.clock.monotonic() + around_.options.drain;
  while (lanes_.has_outstanding() && around_.clock.monotonic() < end) {
    around_.wake.wait_for(std::stop_token{}, kInFlightPeriod);
    lanes_.settle();
  }
  if (event_log_ && !save_position()) return;
  show_state();
}

void RelayTerm::show_state() {
  around_.state.with([&](BridgeState& state) {
    state = {.role = event_log_ ? BridgeState::Role::kLeading : BridgeState::Role::kAway,
             .connected = lanes_.connected(),
             .position = lanes_.position(read_),
             .accepted = lanes_.accepted(),
             .refused = lanes_.refused()};
  });
}

std::chrono::milliseconds RelayTerm::poll() const {
  return std::min(poll_, longest_poll());
}

std::chrono::milliseconds RelayTerm::longest_poll() const {
  const BridgeOptions& options = around_.options;
  // Nobody wakes the relay when it is time to connect to the broker again.
  const bool is_all_up = lanes_.connected() == options.connections;
  const bool is_told = options.listener && options.listener->is_healthy();
  return is_all_up && is_told ? options.poll_heard : options.poll_most;
}

std::chrono::milliseconds RelayTerm::pause() const {
  const bool wants_to_read = event_log_ && (is_woken_ || is_behind_) && lanes_.room() > 0;
  const bool wants_to_load = event_log_ && head_load_ && !head_load_->is_complete();
  if (wants_to_read || wants_to_load) return kReadGap;
  const auto longest = lanes_.has_outstanding() ? std::min(poll(), kInFlightPeriod) : poll();
  const auto head_at = lanes_.next_head_at();
  if (!head_at) return longest;
  // Rounded up, or the relay would look again just before it is due.
  const auto until_head =
      std::chrono::ceil<std::chrono::milliseconds>(*head_at - around_.clock.monotonic());
  return std::clamp(until_head, std::chrono::milliseconds{kReadGap}, longest);
}

}  // namespace engine::bridge
