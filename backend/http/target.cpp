#include "http/target.hpp"

#include "http/transport_problem.hpp"
#include "wire/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace http {
namespace {

constexpr std::size_t kParametersMax = 64;

using transport_problem::malformed_request;

enum class Plus { kIsPlus, kIsSpace };

bool is_clean_text(std::string_view text) {
  while (!text.empty()) {
    const auto point = wire::first_code_point(text);
    if (!point || point->value < 0x20 || point->value == 0x7f) return false;
    text.remove_prefix(point->bytes);
  }
  return true;
}

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at] == '+' && plus == Plus::kIsSpace ? ' ' : text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned byte = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    at += 2;
  }
  if (!is_clean_text(decoded)) return std::nullopt;
  return decoded;
}

/// Cuts `text` after the next `separator` and returns what was before it.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t length = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return taken;
}

bool is_plain_segment(std::string_view segment) {
  return segment != "." && segment != ".." && segment.find('/') == std::string_view::npos;
}

}  // namespace

base::Result<Target, wire::Problem> parse_target(std::string_view target) {
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos) {
    return base::fail(malformed_request("The request line must name a path, such as /v1/jobs."));
  }
  std::string_view query = target;
  std::string_view path = take_until(query, '?');

  Target parsed;
  do {
    path.remove_prefix(1);  // The slash before each segment.
    auto segment = percent_decode(path.substr(0, path.find('/')), Plus::kIsPlus);
    if (!segment || !is_plain_segment(*segment)) {
      return base::fail(malformed_request("The path is not plain percent-encoded UTF-8 text."));
    }
    parsed.segments.push_back(std::move(*segment));
    path.remove_prefix(std::min(path.find('/'), path.size()));
  } while (!path.empty());

  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    auto decoded_name = percent_decode(name, Plus::kIsSpace);
    auto decoded_value = percent_decode(value, Plus::kIsSpace);
    if (!decoded_name || !decoded_value) {
      return base::fail(malformed_request("The query is not percent-encoded UTF-8 text."));
    }
    if (parsed.query.size() == kParametersMax) {
      return base::fail(malformed_request("The query has too many parameters."));
    }
    if (name.empty() && value.empty()) continue;
    parsed.query.emplace_back(std::move(*decoded_name), std::move(*decoded_value));
  }
  return parsed;
}

std::string joined_path(const std::vector<std::string>& segments) {
  std::string path;
  for (const std::string& segment : segments) path.append("/").append(segment);
  return path;
}

}  // namespace http
