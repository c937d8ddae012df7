#pragma once

#include <string>
#include <string_view>

namespace ask_around_me {

/// The name under which a caller's questions appear: "Curious Heron". The same for the same caller;
/// many callers share one, and nothing leads back from it.
[[nodiscard]] std::string pen_name(std::string_view caller);

}  // namespace ask_around_me
