#pragma once

#include "base/json.hpp"
#include "engine/jobs/outside_kind.hpp"

#include <filesystem>
#include <vector>

namespace engine::requests {

/// Reads a list of `{name, lease_s?, time_limit_s?, max_attempts?, retry_first_s?,
/// retry_longest_s?, running_max?, result_bytes_max?, events?, args_schema?, result_schema?}`;
/// schemas are files, by their path from `folder`.
///
/// Errors: base::Error that says which kind and which key, or which file, is wrong.
/// Limits: 100 kinds.
[[nodiscard]] std::vector<jobs::OutsideKind> outside_kinds_of(const base::Json& list,
                                                              const std::filesystem::path& folder);

}  // namespace engine::requests
