#pragma once

#include "support/scratch_folder.hpp"

namespace support {

/// A file system of its own that can be full: a tmpfs, seen by this thread and the processes it
/// starts from then on, and gone with them. Needs root.
///
/// Errors: std::system_error when it cannot be made.
class SmallDisk {
 public:
  explicit SmallDisk(int mebibytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

  /// Takes every last block.
  void fill() const;
  /// Gives back what fill() took.
  void free() const;

 private:
  ScratchFolder folder_;
};

}  // namespace support
