#pragma once

#include "base/log.hpp"
#include "wire/signing_key.hpp"

#include <filesystem>

namespace commands {

/// The key that signs tokens: read from `path`, or made and kept there (0600) the first time.
///
/// Errors: base::Error when the file is no key, or others may read it.
[[nodiscard]] wire::SigningKey open_signing_key(const std::filesystem::path& path,
                                                const base::Log& log);

}  // namespace commands
