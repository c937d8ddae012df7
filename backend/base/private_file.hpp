#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace base {

/// Writes a file that only its owner may read (0600), whole or not at all, durable on return.
///
/// Errors: base::Error with the reason, such as a full disk; then the old content is still there.
void write_private_file(const std::filesystem::path& path, std::string_view content);

/// The same for a file that the folder's group may read as well (0640).
void write_group_file(const std::filesystem::path& path, std::string_view content);

/// Makes what was created, renamed or removed in `folder` durable. Errors: base::Error.
void sync_folder(const std::filesystem::path& folder);

/// The whole of a small file, without a line end at its end; empty where there is none.
[[nodiscard]] std::string read_small_file(const std::filesystem::path& path);

}  // namespace base
