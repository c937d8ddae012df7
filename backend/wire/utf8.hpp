#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace wire {

struct CodePoint {
  char32_t value;
  std::size_t bytes;  // 1–4.
};

/// The code point at the start of `text`; nothing if `text` is empty or does not begin with valid
/// UTF-8 (overlong forms, surrogates and values beyond U+10FFFF are not).
///
/// Source: RFC 3629, section 4.
[[nodiscard]] std::optional<CodePoint> first_code_point(std::string_view text);

/// The code point at the end of `text`, under the same rules.
[[nodiscard]] std::optional<CodePoint> last_code_point(std::string_view text);

}  // namespace wire
