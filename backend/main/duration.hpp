#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace commands {

/// "90s", "15m", "1h", "31d"; nothing for other texts, and for what is not 1 s to 10 years.
[[nodiscard]] std::optional<std::chrono::seconds> duration_of(std::string_view text);

/// Errors: base::Error that names the flag.
[[nodiscard]] std::chrono::seconds required_duration(const std::string& flag,
                                                     std::string_view text);

}  // namespace commands
