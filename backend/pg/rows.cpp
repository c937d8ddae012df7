#include "pg/rows.hpp"

#include "base/check.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace pg {
namespace {

template <class Number>
Number parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw base::Error{"a value from the database is not a number of the expected size"};
  }
  return number;
}

[[noreturn]] void throw_not_an_array() {
  throw base::Error{"a value from the database is not a one-dimensional array"};
}

// One element, from its first character on; afterwards `rest` begins at the comma or the brace.
std::optional<std::string> take_element(std::string_view& rest) {
  std::string element;
  const bool is_quoted = rest.starts_with('"');
  if (is_quoted) rest.remove_prefix(1);
  while (!rest.empty()) {
    const char character = rest.front();
    if (is_quoted ? character == '"' : (character == ',' || character == '}')) break;
    if (character == '\\') rest.remove_prefix(1);
    if (rest.empty() || (!is_quoted && character == '{')) throw_not_an_array();
    element.push_back(rest.front());
    rest.remove_prefix(1);
  }
  if (rest.empty()) throw_not_an_array();
  if (is_quoted) rest.remove_prefix(1);
  if (!is_quoted && element == "NULL") return std::nullopt;
  return element;
}

}  // namespace

template <>
std::int16_t parse(std::string_view text) {
  return parse_number<std::int16_t>(text);
}
template <>
std::int32_t parse(std::string_view text) {
  return parse_number<std::int32_t>(text);
}
template <>
std::int64_t parse(std::string_view text) {
  return parse_number<std::int64_t>(text);
}
template <>
double parse(std::string_view text) {
  return parse_number<double>(text);
}
template <>
bool parse(std::string_view text) {
  if (text == "t") return true;
  if (text == "f") return false;
  throw base::Error{"a value from the database is not a boolean"};
}
template <>
std::string parse(std::string_view text) {
  return std::string{text};
}
template <>
std::string_view parse(std::string_view text) {
  return text;
}

template <>
std::vector<std::optional<std::string>> parse(std::string_view text) {
  if (!text.starts_with('{')) throw_not_an_array();
  text.remove_prefix(1);
  std::vector<std::optional<std::string>> elements;
  if (text == "}") return elements;
  while (true) {
    elements.push_back(take_element(text));
    if (text == "}") return elements;
    if (!text.starts_with(',')) throw_not_an_array();
    text.remove_prefix(1);
  }
}
template <>
std::vector<std::string> parse(std::string_view text) {
  std::vector<std::string> elements;
  for (auto& element : parse<std::vector<std::optional<std::string>>>(text)) {
    if (!element) throw base::Error{"an array from the database contains NULL"};
    elements.push_back(std::move(*element));
  }
  return elements;
}
template <>
std::vector<std::int64_t> parse(std::string_view text) {
  std::vector<std::int64_t> elements;
  for (const auto& element : parse<std::vector<std::string>>(text)) {
    elements.push_back(parse<std::int64_t>(std::string_view{element}));
  }
  return elements;
}

std::optional<std::string_view> Row::text(std::size_t column) const {
  base::check(column < answer_->columns.size(), "a row has no column at this position");
  return answer_->cells[index_ * answer_->columns.size() + column];
}

std::size_t Row::column_of(std::string_view name) const {
  const auto& columns = answer_->columns;
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) {
    throw base::Error{"the database's answer has no column " + std::string{name}};
  }
  return static_cast<std::size_t>(found - columns.begin());
}

void Row::throw_null() {
  throw base::Error{"a value from the database is NULL unexpectedly"};
}

Row Rows::operator[](std::size_t index) const {
  base::check(index < size(), "an answer has no row at this position");
  return Row{answer_, index};
}

Row Rows::one() const {
  if (size() != 1) {
    throw base::Error{"the database answered with " + std::to_string(size()) +
                      " rows where one was expected"};
  }
  return Row{answer_, 0};
}

}  // namespace pg
