#include "pg/listener.hpp"

#include "base/check.hpp"
#include "base/pause.hpp"
#include "base/random.hpp"
#include "pg/error.hpp"
#include "pg/session.hpp"

#include <algorithm>
#include <utility>

namespace pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kProbes = "earshot_probe";
// Every listener probes once in `probe_every`; three times that is a generous round.
constexpr int kRounds = 3;

bool is_channel(const std::string& name) {
  return !name.empty() && name.size() <= 63 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
}

}  // namespace

Listener::Listener(ConnectionOptions connection,
                   std::vector<Subscription> subscriptions,
                   Notifier& notifier,
                   const base::Log& log,
                   ListenerOptions options)
    : options_of_connection_{std::move(connection)},
      subscriptions_{std::move(subscriptions)},
      notifier_{notifier},
      log_{log},
      options_{options},
      name_{base::random_text(/*length=*/13)},
      back_off_{options.retry_first, options.retry_most},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

bool Listener::is_healthy() const {
  return state_.with([](const State& state) { return state.facts.is_healthy; });
}

bool Listener::is_alone() const {
  const auto since = steady_clock::now() - kRounds * options_.probe_every;
  return state_.with(
      [&](const State& state) { return state.facts.is_healthy && state.alone_since < since; });
}

ListenerFacts Listener::facts() const {
  return state_.with([](const State& state) { return state.facts; });
}

void Listener::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      listen(stop);
    } catch (const base::Error& error) {
      note_health(false);
      if (!stop.stop_requested() && !std::exchange(is_trouble_said_, true)) {
        log_.warning("notices of other processes do not arrive; polling finds their work",
                     {{"reason", error.what()}});
      }
    }
    base::pause(stop, back_off_.next());
  }
}

// Returns only when a stop is requested.
void Listener::listen(const std::stop_token& stop) {
  Connection connection{options_of_connection_};
  const std::stop_callback cut{stop, [&] { connection.break_off(); }};
  begin(connection);
  while (!stop.stop_requested()) {
    probe_if_due();
    for (const Notification& one : connection.wait_for_notifications(until_next_step())) take(one);
    if (probed_at_ && steady_clock::now() >= *probed_at_ + options_.probe_reply_max) {
      state_.with([](State& state) { ++state.facts.probes_lost; });
      throw base::TransientError{"a notice to itself did not come back"};
    }
  }
}

void Listener::begin(Connection& connection) {
  std::string script = std::string{"listen "} + kProbes;
  for (const Subscription& one : subscriptions_) {
    base::check(is_channel(one.channel), "a channel's name is of small letters and _");
    script += "; listen " + one.channel;
  }
  connection.query(script);
  probed_at_.reset();
  probe_due_at_ = steady_clock::now();
  state_.with([&](State& state) {
    ++state.facts.connections;
    state.facts.backend_pid = connection.backend_pid();
  });
}

void Listener::probe_if_due() {
  const auto now = steady_clock::now();
  if (probed_at_ || now < probe_due_at_) return;
  probed_at_ = now;
  probe_due_at_ = now + options_.probe_every;
  notifier_.notify(kProbes, name_ + "-" + std::to_string(++probes_));
}

void Listener::take(const Notification& notification) {
  if (notification.channel == kProbes) return note_probe(notification.payload);
  for (const Subscription& one : subscriptions_) {
    if (one.channel != notification.channel) continue;
    // First the count: whoever is woken may look at it.
    state_.with([](State& state) { ++state.facts.notices; });
    one.signal->notify();
  }
}

void Listener::note_probe(const std::string& payload) {
  if (payload == name_ + "-" + std::to_string(probes_)) {
    probed_at_.reset();
    back_off_.reset();
    note_health(true);
  } else if (!payload.starts_with(name_)) {
    state_.with([](State& state) { state.alone_since = steady_clock::now(); });
  }
}

void Listener::note_health(bool is_healthy) {
  const bool is_new = state_.with([&](State& state) {
    if (state.facts.is_healthy == is_healthy) return false;
    state.facts.is_healthy = is_healthy;
    state.alone_since = steady_clock::now();
    return true;
  });
  if (!is_new) return;
  if (is_healthy) {
    is_trouble_said_ = false;
    log_.info("notices of other processes arrive");
  }
  // Something may have been missed; and whoever sleeps long must learn to look more often.
  wake_all();
}

milliseconds Listener::until_next_step() const {
  const auto at = probed_at_ ? *probed_at_ + options_.probe_reply_max : probe_due_at_;
  const auto left = std::chrono::ceil<milliseconds>(at - steady_clock::now());
  return std::max(left, milliseconds{1});
}

void Listener::wake_all() {
  for (const Subscription& one : subscriptions_) one.signal->notify();
}

}  // namespace pg
