#include "wire/text_rule.hpp"

#include "wire/utf8.hpp"

#include <fmt/format.h>

#include <optional>

namespace wire {
namespace {

bool is_between(char32_t value, char32_t first, char32_t last) {
  return value >= first && value <= last;
}

bool is_white_space(char32_t value) {
  return is_between(value, 0x09, 0x0D) || value == 0x20 || value == 0x85 || value == 0xA0 ||
         value == 0x1680 || is_between(value, 0x2000, 0x200A) ||
         is_between(value, 0x2028, 0x2029) || value == 0x202F || value == 0x205F || value == 0x3000;
}

bool is_refused(char32_t value) {
  if (value == U'\n' || value == U'\t') return false;
  const bool is_control = value < 0x20 || is_between(value, 0x7F, 0x9F);
  const bool is_direction = is_between(value, 0x202A, 0x202E) || is_between(value, 0x2066, 0x2069);
  return is_control || is_direction;
}

std::string_view trimmed(std::string_view text) {
  for (auto first = first_code_point(text); first && is_white_space(first->value);
       first = first_code_point(text)) {
    text.remove_prefix(first->bytes);
  }
  for (auto last = last_code_point(text); last && is_white_space(last->value);
       last = last_code_point(text)) {
    text.remove_suffix(last->bytes);
  }
  return text;
}

}  // namespace

base::Result<std::string, std::string> checked_text(std::string_view text, const TextRule& rule) {
  const std::string_view kept = rule.trim ? trimmed(text) : text;
  std::size_t code_points = 0;
  for (std::string_view rest = kept; !rest.empty(); ++code_points) {
    const auto next = first_code_point(rest);
    if (!next) return base::fail(std::string{"must be valid UTF-8"});
    if (is_refused(next->value)) {
      return base::fail(fmt::format("must not contain the invisible character U+{:04X}",
                                    static_cast<unsigned>(next->value)));
    }
    rest.remove_prefix(next->bytes);
  }
  if (code_points < rule.code_points_min || code_points > rule.code_points_max) {
    return base::fail(fmt::format("must be {} to {} characters long, not {}",
                                  rule.code_points_min,
                                  rule.code_points_max,
                                  code_points));
  }
  return std::string{kept};
}

}  // namespace wire
