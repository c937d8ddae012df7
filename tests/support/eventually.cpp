#include "support/eventually.hpp"

#include "base/pause.hpp"

namespace support {

bool eventually(const std::function<bool()>& is_true, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    base::pause({}, std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace support
