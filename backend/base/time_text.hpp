#pragma once

#include <chrono>
#include <string>

namespace base {

/// "2026-11-23T20:15:03.127Z": RFC 3339 in UTC, milliseconds, always 24 characters.
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point at);

}  // namespace base
