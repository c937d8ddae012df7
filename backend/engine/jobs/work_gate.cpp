#include "engine/jobs/work_gate.hpp"

namespace engine::jobs {
namespace {

using namespace std::chrono_literals;

constexpr auto kLong = 1h;  // Whoever leaves wakes those that wait.

}  // namespace

bool WorkGate::enter(const std::stop_token& stop, const void* worker) {
  return state_.wait_for(
      stop,
      kLong,
      [](const State& state) { return state.alone == nullptr; },
      [&](State& state, bool is_free) {
        if (is_free) state.at_work.insert(worker);
        return is_free;
      });
}

bool WorkGate::enter_alone(const std::stop_token& stop, const void* worker) {
  const bool is_next = state_.wait_for(
      stop,
      kLong,
      [](const State& state) { return state.alone == nullptr; },
      [&](State& state, bool is_free) {
        if (is_free) state.alone = worker;
        return is_free;
      });
  if (!is_next) return false;
  const bool is_empty = state_.wait_for(
      stop,
      kLong,
      [](const State& state) { return state.at_work.empty(); },
      [](const State&, bool is_empty_now) { return is_empty_now; });
  if (!is_empty) leave(worker);
  return is_empty;
}

void WorkGate::leave(const void* worker) {
  state_.update([&](State& state) {
    state.at_work.erase(worker);
    if (state.alone == worker) state.alone = nullptr;
  });
}

bool WorkGate::is_time_to_look() {
  return state_.with([&](State& state) {
    const auto now = Clock::now();
    if (now < state.look_at) return false;
    state.look_at = now + look_every_;
    return true;
  });
}

void WorkGate::expect_more() {
  state_.with([](State& state) { state.look_at = {}; });
}

}  // namespace engine::jobs
