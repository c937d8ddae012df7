#include "main/duration.hpp"

#include "base/error.hpp"

#include <charconv>
#include <cstdint>

namespace commands {
namespace {

std::int64_t seconds_of(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3'600;
    case 'd':
      return 86'400;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::chrono::seconds> duration_of(std::string_view text) {
  constexpr std::int64_t kSecondsMax = 10LL * 366 * 86'400;
  if (text.empty()) return std::nullopt;
  const std::int64_t unit = seconds_of(text.back());
  text.remove_suffix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (unit == 0 || !is_number || number < 1 || number > kSecondsMax / unit) return std::nullopt;
  return std::chrono::seconds{number * unit};
}

std::chrono::seconds required_duration(const std::string& flag, std::string_view text) {
  const auto duration = duration_of(text);
  if (duration) return *duration;
  throw base::Error{flag + " must be a number of s, m, h or d: 15m"};
}

}  // namespace commands
