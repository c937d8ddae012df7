#include "wire/job_id.hpp"

#include "base/check.hpp"

#include <cstddef>

namespace wire {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kLength = 13;  // 5 bits each, 65 in all: the first letter is 0 to 7.

}  // namespace

JobId::JobId(std::int64_t value) : value_{value} {
  base::check(value > 0, "a job id is positive");
}

std::optional<JobId> JobId::parse(std::string_view text) {
  if (text.size() != kLength || text.front() > '7') return std::nullopt;
  std::uint64_t value = 0;
  for (const char letter : text) {
    const std::size_t digit = kAlphabet.find(letter);
    if (digit == kAlphabet.npos) return std::nullopt;
    value = value * 32 + digit;
  }
  if (value == 0) return std::nullopt;
  return JobId{static_cast<std::int64_t>(value)};
}

std::string JobId::text() const {
  std::string text(kLength, '0');
  auto rest = static_cast<std::uint64_t>(value_);
  for (std::size_t index = kLength; index-- > 0; rest /= 32) text[index] = kAlphabet[rest % 32];
  return text;
}

}  // namespace wire
