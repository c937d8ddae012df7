#pragma once

#include "base/log.hpp"

#include <chrono>
#include <thread>

namespace base {

/// Ends the process, once armed, when it is still there after a while: something in it does not
/// stop when asked, and nothing else stops a thread. Whatever is durable survives that like a kill.
///
/// Place it outside of what may not stop, so that it is destroyed after that.
/// Threads: owns one once armed.
class LastResort {
 public:
  explicit LastResort(const Log& log) : log_{log} {}

  /// From now on `limit` counts. Exit code: EX_SOFTWARE of sysexits.h.
  void arm(std::chrono::milliseconds limit);

 private:
  const Log& log_;
  std::jthread thread_;
};

}  // namespace base
