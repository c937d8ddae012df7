#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

/// The values of `$1`, `$2` … in PostgreSQL's text form; the server knows their types.
///
/// Takes integers, double, bool, strings, std::nullopt, std::optional and std::vector of them; a
/// vector becomes an array.
/// Errors: base::Error for a string with a NUL byte, which libpq would silently cut off there.
class Parameters {
 public:
  template <class... Values>
  explicit Parameters(const Values&... values) {
    texts_.reserve(sizeof...(values));
    (texts_.push_back(to_text(values)), ...);
  }

  /// Shape: one entry per parameter; nullopt is NULL.
  [[nodiscard]] const std::vector<std::optional<std::string>>& texts() const noexcept {
    return texts_;
  }

 private:
  using Text = std::optional<std::string>;

  static Text to_text(std::nullopt_t) { return std::nullopt; }
  static Text to_text(std::string_view value);
  static Text to_text(const std::string& value) { return to_text(std::string_view{value}); }
  static Text to_text(const char* value) { return to_text(std::string_view{value}); }
  static Text to_text(double value);
  static Text to_text(bool value) { return value ? "t" : "f"; }
  template <std::signed_integral Integer>
  static Text to_text(Integer value) {
    return integer_text(value);
  }
  template <class Value>
  static Text to_text(const std::optional<Value>& value) {
    return value ? to_text(*value) : std::nullopt;
  }
  template <class Value>
  static Text to_text(const std::vector<Value>& values) {
    std::string array{'{'};
    for (const auto& value : values) append_element(array, to_element(value));
    array.push_back('}');
    return array;
  }
  // std::vector<bool> yields proxies, which no overload above would take for a bool.
  template <class Value>
  static Text to_element(const Value& value) {
    return to_text(value);
  }
  static Text to_element(const std::vector<bool>::const_reference& value) { return to_text(value); }

  static Text integer_text(std::int64_t value);
  static void append_element(std::string& array, const Text& element);

  std::vector<Text> texts_;
};

}  // namespace pg
