#pragma once

#include "base/embedded_file.hpp"
#include "http/response.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace http {

/// Serves the files that were put into the binary, and nothing else: no file system is touched.
///
/// "/" is index.html, and "/docs" is docs/index.html. Files under assets/ have a hash of their
/// content in their name and are kept by browsers for a year; all others are asked for again each
/// time and answered 304.
/// Threads: any. The content must outlive it; what `embed_folder` makes does.
class StaticFiles {
 public:
  explicit StaticFiles(std::span<const base::EmbeddedFile> files);

  /// For GET (and HEAD, whose body the server leaves out).
  [[nodiscard]] Response serve(const Request& request) const;

 private:
  struct File {
    std::string_view content;
    std::string etag;  // Strong: a hash of the content.
    std::string_view media_type;
  };

  std::map<std::string, File, std::less<>> files_;  // By path: "/assets/main-4f2a.js".
};

}  // namespace http
