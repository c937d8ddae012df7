#pragma once

#include <span>
#include <string_view>

namespace base {

/// A file that was put into the binary when it was built (cmake/embed.cmake).
struct EmbeddedFile {
  std::string_view path;  // Relative to the embedded folder: "0001_batch.sql".
  std::string_view content;
};

}  // namespace base
