#pragma once

#include "base/guarded.hpp"

#include <chrono>
#include <functional>
#include <stop_token>
#include <utility>

namespace base {

/// "Something may have happened": one side notifies, the other waits, and a notice given while
/// nobody waited is kept. Several notices are one.
///
/// Threads: any. Polling stays the base: a waiter always comes back after its period.
class WakeSignal {
 public:
  WakeSignal() = default;
  /// `pass_on` is called with each notice by whoever gives it, so it must be quick: for news that
  /// go further than to one waiter.
  explicit WakeSignal(std::function<void()> pass_on) : pass_on_{std::move(pass_on)} {}

  void notify() {
    raised_.update([](bool& raised) { raised = true; });
    if (pass_on_) pass_on_();
  }

  /// True when it was notified, false when the period was over or a stop was requested.
  bool wait_for(const std::stop_token& stop, std::chrono::nanoseconds period) {
    return raised_.wait_for(
        stop,
        period,
        [](bool raised) { return raised; },
        [](bool& raised, bool) { return std::exchange(raised, false); });
  }

 private:
  Guarded<bool> raised_{false};
  const std::function<void()> pass_on_{};
};

}  // namespace base
