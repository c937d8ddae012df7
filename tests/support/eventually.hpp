#pragma once

#include <chrono>
#include <functional>

namespace support {

/// Looks again every few milliseconds until `is_true`. False: it was not, for as long as `limit`.
[[nodiscard]] bool eventually(const std::function<bool()>& is_true,
                              std::chrono::milliseconds limit = std::chrono::seconds{20});

}  // namespace support
