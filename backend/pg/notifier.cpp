#include "pg/notifier.hpp"

#include "base/back_off.hpp"
#include "base/pause.hpp"
#include "pg/error.hpp"

#include <stop_token>
#include <vector>

namespace pg {
namespace {

using namespace std::chrono_literals;

constexpr Statement kNotify{"pg_notify", R"(
  select set_config('synchronous_commit', 'off', true), pg_notify(channel, payload)
  from unnest($1::text[], $2::text[]) as due (channel, payload))"};

}  // namespace

Notifier::Notifier(ConnectionOptions connection, const base::Log& log, NotifierOptions options)
    : options_of_connection_{std::move(connection)},
      log_{log},
      options_{options},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Notifier::notify(const std::string& channel, const std::string& payload) {
  state_.update([&](State& state) {
    if (state.due.size() < options_.due_max) state.due.emplace(channel, payload);
  });
}

std::uint64_t Notifier::sendings() const {
  return state_.with([](const State& state) { return state.sendings; });
}

void Notifier::run(const std::stop_token& stop) {
  base::BackOff back_off{options_.retry_first, options_.retry_most};
  while (!stop.stop_requested()) {
    const Notices notices = state_.wait_for(
        stop,
        1s,
        [](const State& state) { return !state.due.empty(); },
        [](State& state, bool) { return std::exchange(state.due, {}); });
    if (notices.empty()) continue;
    if (send(stop, notices)) {
      back_off.reset();
      base::pause(stop, options_.gap);
      continue;
    }
    state_.with([&](State& state) { state.due.insert(notices.begin(), notices.end()); });
    base::pause(stop, back_off.next());
  }
}

bool Notifier::send(const std::stop_token& stop, const Notices& notices) {
  std::vector<std::string> channels;
  std::vector<std::string> payloads;
  for (const auto& [channel, payload] : notices) {
    channels.push_back(channel);
    payloads.push_back(payload);
  }
  try {
    if (!connection_ || !connection_->is_usable()) {
      connection_.reset();
      connection_ = std::make_unique<Connection>(options_of_connection_);
    }
    const std::stop_callback cut{stop, [this] { connection_->break_off(); }};
    connection_->run(kNotify, channels, payloads);
    state_.with([](State& state) { ++state.sendings; });
    is_trouble_said_ = false;
    return true;
  } catch (const base::Error& error) {
    if (!std::exchange(is_trouble_said_, true) && !stop.stop_requested()) {
      log_.warning("other processes cannot be told; they find it by polling",
                   {{"reason", error.what()}});
    }
    return false;
  }
}

}  // namespace pg
