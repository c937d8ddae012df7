#include "base/last_resort.hpp"

#include "base/pause.hpp"

#include <sysexits.h>

#include <cstdlib>

namespace base {

void LastResort::arm(std::chrono::milliseconds limit) {
  thread_ = std::jthread{[this, limit](const std::stop_token& stop) {
    pause(stop, limit);
    if (stop.stop_requested()) return;
    log_.error("something does not stop when asked; the process ends without it",
               {{"limit_ms", limit.count()}});
    std::_Exit(EX_SOFTWARE);
  }};
}

}  // namespace base
