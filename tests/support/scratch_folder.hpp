#pragma once

#include <filesystem>
#include <string>

namespace support {

/// A folder of its own under the system's, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The whole of a file; empty where there is none.
[[nodiscard]] std::string content_of(const std::filesystem::path& path);

}  // namespace support
