#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "http/target.hpp"
#include "wire/utf8.hpp"

#include <fmt/format.h>

#include <string>

// Path and query of a request: decoded once, plain text, nothing that climbs up.

const fuzz::Target fuzz::target{.name = "request_target", .mutations = 20'000};

namespace {

using base::check;

void check_text(std::string_view text) {
  while (!text.empty()) {
    const auto point = wire::first_code_point(text);
    check(point.has_value(), "decoded text is UTF-8");
    check(point->value >= 0x20 && point->value != 0x7f, "decoded text has no control character");
    text.remove_prefix(point->bytes);
  }
}

std::string encoded(std::string_view text) {
  std::string all;
  for (const char letter : text) all += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  return all;
}

std::string text_of(const http::Target& target) {
  std::string text;
  for (const std::string& segment : target.segments) text += '/' + encoded(segment);
  char separator = '?';
  for (const auto& [name, value] : target.query) {
    text += separator + encoded(name) + '=' + encoded(value);
    separator = '&';
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto target = http::parse_target(fuzz::text_of(bytes, size));
  if (!target) {
    check(target.error().status == 400, "a bad target is the client's fault");
    return 0;
  }
  check(!target->segments.empty(), "a path has a segment");
  for (const std::string& segment : target->segments) {
    check_text(segment);
    check(segment != "." && segment != ".." && segment.find('/') == std::string::npos,
          "a segment is one step down");
  }
  check(target->query.size() <= 64, "parameters are bounded");
  for (const auto& [name, value] : target->query) {
    check_text(name);
    check_text(value);
  }

  const auto again = http::parse_target(text_of(*target));
  check(again && again->segments == target->segments && again->query == target->query,
        "a target that is encoded again is the same target");
  return 0;
}
