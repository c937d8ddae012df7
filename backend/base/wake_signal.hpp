#pragma once

#include "base/guarded.hpp"

#include <chrono>
#include <stop_token>
#include <utility>

namespace base {

/// "Something may have happened": one side notifies, the other waits, and a notice given while
/// nobody waited is kept. Several notices are one.
///
/// Threads: any. Polling stays the base: a waiter always comes back after its period.
class WakeSignal {
 public:
  void notify() {
    raised_.update([](bool& raised) { raised = true; });
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
};

}  // namespace base
