#pragma once

#include <cstdlib>
#include <string_view>

namespace support {

/// Whether the long forms of the tests are wanted: `scripts/test --full`.
inline bool is_full() {
  const char* const full = std::getenv("EARSHOT_TEST_FULL");
  return full && std::string_view{full} == "1";
}

}  // namespace support
