#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wire {

struct JsonLimits {
  std::size_t depth_max = 32;  // Objects and arrays inside each other.
};

/// Reads JSON from outside, and only JSON that means the same to every reader.
///
/// Errors: `malformed-json` with line and column, or with a pointer to the field. Refused are:
/// wrong
///         syntax, anything after the value, bytes that are not UTF-8, half a surrogate pair, the
///         character NUL (raw or as \u0000), numbers beyond a double, a key given twice, depth
///         beyond the limit.
/// Limits: work and memory in proportion to `text`; stops at the first fault; no recursion.
/// Source: RFC 8259; RFC 7493 (I-JSON), section 2.
[[nodiscard]] base::Result<base::Json, Problem> parse_json(std::string_view text,
                                                           JsonLimits limits = {});

/// The number, if it was written as an integer and fits: not 3.0, not 3e0, not 2^63.
[[nodiscard]] std::optional<std::int64_t> integer_of(const base::Json& value);

}  // namespace wire
