#include "wire/parameters.hpp"

#include <charconv>
#include <optional>

namespace wire {
namespace {

/// All of `text` as a number, or nothing: "12 ", "+1", "0x1f" and "1e400" are none.
template <class Number>
std::optional<Number> parse_number(const std::string& text) {
  const char* const end = text.data() + text.size();
  Number number{};
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace

Parameters::Parameters(const Pairs& pairs) : FieldReader{problem::invalid_parameters} {
  for (const auto& [name, text] : pairs) {
    give(name,
         {.text = text,
          .number = parse_number<double>(text),
          .integer = parse_number<std::int64_t>(text)});
  }
}

}  // namespace wire
