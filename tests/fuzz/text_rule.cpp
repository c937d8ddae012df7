#include "wire/text_rule.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "wire/utf8.hpp"

// The most characters allowed, then a text that somebody wrote.

const fuzz::Target fuzz::target{.name = "text_rule", .mutations = 20'000};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using base::check;
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const wire::TextRule rule{.code_points_min = 1,
                            .code_points_max = static_cast<std::size_t>(words.integer(1, 300))};
  const auto text = wire::checked_text(words.rest(), rule);
  if (!text) return 0;

  check(words.rest().find(*text) != std::string_view::npos, "text is trimmed, not changed");
  const auto again = wire::checked_text(*text, rule);
  check(again && *again == *text, "a text that is checked again is the same");
  std::size_t count = 0;
  for (std::string_view rest = *text; !rest.empty(); ++count) {
    const auto point = wire::first_code_point(rest);
    check(point.has_value(), "a checked text is UTF-8");
    const char32_t value = point->value;
    check(value >= 0x20 || value == U'\n' || value == U'\t', "and has no control character");
    check(value < 0x7F || value > 0x9F, "nor one of the second kind");
    check((value < 0x202A || value > 0x202E) && (value < 0x2066 || value > 0x2069),
          "nor what turns the direction of the rest");
    rest.remove_prefix(point->bytes);
  }
  check(count >= rule.code_points_min && count <= rule.code_points_max, "its length is in range");
  return 0;
}
