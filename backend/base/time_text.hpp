#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

/// "2026-11-23T20:15:03.127Z": RFC 3339 in UTC, milliseconds, always 24 characters.
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point at);

/// The moment that an RFC 3339 text names; none when it names none: "2026-11-23T20:15:03Z",
/// "2026-11-23T21:15:03.5+01:00".
///
/// Limits: years 1970 to 2261; anything finer than a millisecond is dropped; no leap seconds.
/// Source: RFC 3339, section 5.6.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_utc(std::string_view text);

}  // namespace base
