#pragma once

#include "wire/problem.hpp"
#include "wire/text_rule.hpp"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

/// Reads named values one by one and collects everything that is wrong, so that a client learns it
/// all at once. The common half of Fields (a JSON object) and Parameters (a query string).
///
/// After an error a getter returns a harmless value that is inside the asked range; `finish` tells
/// whether any of them may be used.
class FieldReader {
 public:
  [[nodiscard]] std::string text(std::string_view name, const TextRule& rule);
  [[nodiscard]] double number(std::string_view name, double least, double most);
  /// A whole number without a fraction: 3, not 3.0.
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
  [[nodiscard]] std::string choice(std::string_view name,
                                   std::initializer_list<std::string_view> allowed);

  /// Nothing when the value is absent or null.
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name,
                                                         const TextRule& rule);
  [[nodiscard]] std::optional<double> optional_number(std::string_view name,
                                                      double least,
                                                      double most);
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::string_view name,
                                                             std::int64_t least,
                                                             std::int64_t most);
  [[nodiscard]] std::optional<std::string> optional_choice(
      std::string_view name, std::initializer_list<std::string_view> allowed);

  /// Everything that was wrong, values that nobody asked for included; nothing when all is well.
  ///
  /// Limits: the first 20 errors.
  [[nodiscard]] std::optional<Problem> finish() &&;

 protected:
  /// Every way in which one value can be read; no way at all is a wrong type.
  struct Value {
    std::optional<std::string> text = {};
    std::optional<double> number = {};
    std::optional<std::int64_t> integer = {};
    bool is_null = false;
    bool is_asked_for = false;
  };
  using ProblemOf = Problem (*)(std::vector<FieldError>);

  explicit FieldReader(ProblemOf problem_of) : problem_of_{problem_of} {}
  FieldReader(const FieldReader&) = default;
  FieldReader(FieldReader&&) = default;
  FieldReader& operator=(const FieldReader&) = default;
  FieldReader& operator=(FieldReader&&) = default;
  ~FieldReader() = default;

  void give(std::string_view name, Value value);
  /// There are no values to read: getters stay quiet, and this is the only error.
  void give_nothing(std::string detail);

 private:
  [[nodiscard]] const Value* find(std::string_view name);
  [[nodiscard]] const Value* find_required(std::string_view name, const std::string& expected);
  void refuse(std::string_view name, std::string detail);

  [[nodiscard]] std::string read(std::string_view name, const Value& value, const TextRule& rule);
  [[nodiscard]] double read(std::string_view name, const Value& value, double least, double most);
  [[nodiscard]] std::int64_t read(std::string_view name,
                                  const Value& value,
                                  std::int64_t least,
                                  std::int64_t most);
  [[nodiscard]] std::string read(std::string_view name,
                                 const Value& value,
                                 std::initializer_list<std::string_view> allowed);

  ProblemOf problem_of_;
  bool has_values_ = true;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<FieldError> errors_;
};

}  // namespace wire
