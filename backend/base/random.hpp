#pragma once

#include <cstdint>
#include <string>

namespace base {

/// `length` characters of `[0-9a-z]` from the system's random source, for ids and passwords.
/// Each carries 5 bits: 26 characters cannot be guessed.
[[nodiscard]] std::string random_text(std::size_t length);

}  // namespace base
