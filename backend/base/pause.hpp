#pragma once

#include "base/wake_signal.hpp"

namespace base {

/// Waits for `period`, or until a stop is requested.
inline void pause(const std::stop_token& stop, std::chrono::nanoseconds period) {
  WakeSignal never;
  never.wait_for(stop, period);
}

}  // namespace base
