#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace wire {

/// What text that people write must be like.
struct TextRule {
  std::size_t code_points_min = 1;
  std::size_t code_points_max = 280;  // Counted after trimming.
  bool trim = true;                   // Removes Unicode White_Space at both ends.
};

/// The text as it is stored, or what is wrong with it: "must be 1 to 280 characters long, not 281".
///
/// Errors: not UTF-8; length; control characters except newline and tab; the invisible characters
///         that turn the direction of what follows (U+202A–202E, U+2066–2069), with which a text
///         can show something else than it says.
/// Source: Unicode 15, PropList.txt, White_Space; UAX #9, section 2.
[[nodiscard]] base::Result<std::string, std::string> checked_text(std::string_view text,
                                                                  const TextRule& rule);

}  // namespace wire
