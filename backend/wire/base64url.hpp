#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wire {

/// Bytes as text of `[A-Za-z0-9_-]`, without padding.
///
/// Source: RFC 4648, section 5; RFC 7515, section 2.
[[nodiscard]] std::string to_base64url(std::string_view bytes);

/// The bytes again, or nothing. Each byte string has exactly one text: padding, `+`, `/`, white
/// space, an impossible length and unused bits that are not zero are refused.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace wire
