#include "pg/parameters.hpp"

#include "base/error.hpp"

#include <array>
#include <charconv>

namespace pg {

Parameters::Text Parameters::to_text(std::string_view value) {
  if (value.find('\0') != std::string_view::npos) {
    throw base::Error{"a text for the database contains a NUL character"};
  }
  return std::string{value};
}

Parameters::Text Parameters::to_text(double value) {
  std::array<char, 32> buffer{};
  // The shortest text that reads back as the same number; "nan" and "inf" are PostgreSQL's too.
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return std::string{buffer.data(), end};
}

Parameters::Text Parameters::integer_text(std::int64_t value) {
  return std::to_string(value);
}

// Source: PostgreSQL 15 manual, 8.15.6 "Array Input and Output Syntax".
void Parameters::append_element(std::string& array, const Text& element) {
  if (array.size() > 1) array.push_back(',');
  if (!element) {
    array += "NULL";
    return;
  }
  array.push_back('"');
  for (const char character : *element) {
    if (character == '"' || character == '\\') array.push_back('\\');
    array.push_back(character);
  }
  array.push_back('"');
}

}  // namespace pg
