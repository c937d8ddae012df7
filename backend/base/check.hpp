#pragma once

#include <source_location>
#include <string_view>

namespace base {

/// Ends the process, loudly, when something impossible is true: our own fault, never the caller's.
///
/// Input from outside is never checked with this; it gets a Result.
void check(bool condition,
           std::string_view impossible,
           std::source_location where = std::source_location::current()) noexcept;

}  // namespace base
