#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace base {

void check(bool condition, std::string_view impossible, std::source_location where) noexcept {
  if (condition) return;
  std::fprintf(stderr,
               "earshot: impossible: %.*s (%s:%u)\n",
               static_cast<int>(impossible.size()),
               impossible.data(),
               where.file_name(),
               where.line());
  std::abort();
}

}  // namespace base
