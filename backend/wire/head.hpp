#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

/// The newest offsets of a 5-letter area, as the log has them and the broker retains them.
struct Head {
  std::int64_t offset = 0;  // Of the area.
  // By the sixth letter, in order; what is not named has no event.
  std::vector<std::pair<char, std::int64_t>> cells;
};

/// `{"epoch":…,"offset":23,"cells":{"k":23,"m":7}}`, one line.
[[nodiscard]] std::string head_text(const Head& head, std::string_view epoch);

}  // namespace wire
