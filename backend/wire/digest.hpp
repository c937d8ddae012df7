#pragma once

#include <string>
#include <string_view>

namespace wire {

/// SHA-256. Shape: 32 bytes, not text.
[[nodiscard]] std::string sha256(std::string_view text);

}  // namespace wire
