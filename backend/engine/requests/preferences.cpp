#include "engine/requests/preferences.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace engine::requests {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_wait(std::string_view name) {
  constexpr std::string_view kWait = "wait";
  return std::ranges::equal(name, kWait, [](char letter, char wanted) {
    return letter == wanted || letter + ('a' - 'A') == wanted;
  });
}

std::optional<std::chrono::seconds> seconds_of(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  unsigned count = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), count);
  const bool is_all = !value.empty() && read.ptr == value.data() + value.size();
  if (!is_all || read.ec == std::errc::invalid_argument) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) return kWaitMax;
  return std::min(kWaitMax, std::chrono::seconds{count});
}

}  // namespace

std::optional<std::chrono::seconds> preferred_wait(const http::Request& request) {
  const auto header = request.header("prefer");
  if (!header) return std::nullopt;
  std::string_view rest = *header;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string_view one = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    one = one.substr(0, one.find(';'));  // Parameters of a preference; `wait` has none.
    const auto equals = one.find('=');
    if (equals == std::string_view::npos || !is_wait(trimmed(one.substr(0, equals)))) continue;
    const auto wait = seconds_of(trimmed(one.substr(equals + 1)));
    return wait && *wait > std::chrono::seconds{0} ? wait : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace engine::requests
