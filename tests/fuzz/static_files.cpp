#include "http/static_files.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"

#include <array>
#include <string>

// A decoded path, then what If-None-Match says: a file that is embedded, whole, or nothing.

const fuzz::Target fuzz::target{.name = "static_files", .mutations = 20'000};

namespace {

using base::check;

constexpr std::array<base::EmbeddedFile, 3> kFiles{{{"index.html", "<title>x</title>"},
                                                    {"assets/main-4f2a.js", "let x;"},
                                                    {"icon.svg", "<svg/>"}}};

std::string_view content_of(std::string_view path) {
  if (path == "/") path = "/index.html";
  for (const base::EmbeddedFile& file : kFiles) {
    if (path.starts_with('/') && path.substr(1) == file.path) return file.content;
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const http::StaticFiles files{kFiles};
  fuzz::Words words{fuzz::text_of(bytes, size)};
  http::Request request;
  request.method = "GET";
  request.path = words.next();
  request.headers["if-none-match"] = words.rest();

  const http::Response response = files.serve(request);
  const std::string_view content = content_of(request.path);
  if (content.empty()) {
    check(response.status == 404, "what is not embedded is not there");
  } else if (response.status == 304) {
    check(response.body.empty() && !words.rest().empty(), "304 answers a question, without a body");
  } else {
    check(response.status == 200 && response.body == content, "a file is served whole");
  }
  check((response.status == 404) != response.has_header("ETag"), "every file has a tag");
  return 0;
}
