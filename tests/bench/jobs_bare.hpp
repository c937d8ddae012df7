#pragma once

#include "base/json.hpp"

#include <cstddef>
#include <string>

namespace bench {

/// The engine's own statements with parameters that were built before, and no reply looked into:
/// what PostgreSQL leaves room for. Returns jobs, seconds and cpu_s.
[[nodiscard]] base::Json run_bare(const std::string& url, std::size_t jobs);

}  // namespace bench
