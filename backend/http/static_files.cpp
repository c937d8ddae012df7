#include "http/static_files.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

namespace http {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kMediaTypes{{
    {".html", kHtml},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml; charset=utf-8"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
}};

// Scripts and styles only from our own files; live data over the broker's WebSocket, which may
// have another port.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; connect-src 'self' ws: wss:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view media_type_of(std::string_view path) {
  for (const auto& [ending, type] : kMediaTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

/// Source: FNV-1a, 64 bits, draft-eastlake-fnv. Nobody attacks it: the content is our own.
std::uint64_t content_hash(std::string_view content) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : content) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 0x100000001b3;
  }
  return hash;
}

/// Source: RFC 9110, section 13.1.2: weak comparison, so `W/` is ignored.
bool names_etag(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

StaticFiles::StaticFiles(std::span<const base::EmbeddedFile> files) {
  for (const base::EmbeddedFile& file : files) {
    const std::string etag =
        fmt::format("\"{:x}-{:016x}\"", file.content.size(), content_hash(file.content));
    files_.emplace("/" + std::string{file.path},
                   File{file.content, etag, media_type_of(file.path)});
  }
}

Response StaticFiles::serve(const Request& request) const {
  std::string path = request.path == "/" ? "/index.html" : request.path;
  auto found = files_.find(path);
  if (found == files_.end() && path.starts_with('/')) {
    path += "/index.html";
    found = files_.find(path);
  }
  if (found == files_.end()) return problem_response(wire::problem::not_found("page"));
  const File& file = found->second;

  Response response;
  const bool is_hashed = path.starts_with("/assets/");
  response.headers = {
      {"ETag", file.etag},
      {"Cache-Control", is_hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (names_etag(request.header("if-none-match").value_or(""), file.etag)) {
    response.status = 304;
    return response;
  }
  if (file.media_type == kHtml) {
    response.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  }
  response.content_type = file.media_type;
  response.body = file.content;
  return response;
}

}  // namespace http
