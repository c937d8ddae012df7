#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace broker {

/// The content of a small file that somebody else replaces as a whole, read when it is another file
/// than before.
///
/// Limits: 4 MiB; a larger one is refused.
class WatchedFile {
 public:
  explicit WatchedFile(std::filesystem::path path) : path_{std::move(path)} {}

  /// The text when it changed since the last call; nothing when it did not, or is not there.
  [[nodiscard]] std::optional<std::string> read_if_changed();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  struct Stamp {
    std::uint64_t device{0};
    std::uint64_t inode{0};
    std::int64_t changed_at_ns{0};
    std::uint64_t bytes{0};
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  std::filesystem::path path_;
  Stamp seen_;
};

}  // namespace broker
