#pragma once

#include <string_view>

namespace base {

/// What fail_point() does in a build that has fail points: EARSHOT_FAIL_POINT=name:n lets the
/// process die of SIGKILL as it passes that name for the n-th time, name:n:stop lets it stop there.
void pass_fail_point(std::string_view name);

/// A place at which a test lets this process die, as if its host had lost power.
///
/// Only builds with the CMake option EARSHOT_FAIL_POINTS (those of the tests) have any: elsewhere
/// this is nothing, and not even the name is in the program.
#ifdef EARSHOT_FAIL_POINTS
inline void fail_point(std::string_view name) {
  pass_fail_point(name);
}
#else
constexpr void fail_point(std::string_view) noexcept {}
#endif

}  // namespace base
