#pragma once

#include "base/file_descriptor.hpp"

#include <filesystem>

namespace embedded {

/// The folder that holds everything `earshot up` keeps, locked against a second `earshot up`.
///
/// It is marked as ours by `earshot.json`; a folder with anything else in it is never touched.
///
/// Threads: confined. Lifetime: longer than the servers whose data is in it.
class DataDirectory {
 public:
  /// Opens `path`, which is made (0700) where missing.
  ///
  /// Errors: base::Error with one line that says what to do: not empty and not ours, made by a
  ///         newer version, in use by another process, not writable.
  explicit DataDirectory(const std::filesystem::path& path);

  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;
  ~DataDirectory();

  /// Absolute, without symbolic links.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Where Unix sockets go: the path of a socket may have 107 bytes, the data directory's more.
  ///
  /// Shape: at most 90 bytes; 0700; of our user; gone at the end.
  [[nodiscard]] const std::filesystem::path& runtime_path() const noexcept { return runtime_path_; }

 private:
  void lock();
  void check_or_write_mark() const;

  std::filesystem::path path_;
  std::filesystem::path runtime_path_;
  base::FileDescriptor folder_;  // Open, and with it locked, as long as this object lives.
};

/// True where `path` has nothing in it, or does not exist.
[[nodiscard]] bool is_empty_or_absent(const std::filesystem::path& path);

/// True where `path` carries the mark of a data directory, whatever its version.
[[nodiscard]] bool is_marked(const std::filesystem::path& path);

/// The one line for a folder that holds somebody else's files.
[[nodiscard]] std::string not_ours_text(const std::filesystem::path& path);

}  // namespace embedded
