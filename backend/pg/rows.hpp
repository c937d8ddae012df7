#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pg {

/// Reads a value from PostgreSQL's text form.
///
/// Defined for std::int16_t, std::int32_t, std::int64_t, double, bool, std::string,
/// std::string_view, and for one-dimensional arrays std::vector<std::int64_t>,
/// std::vector<std::string> and std::vector<std::optional<std::string>>.
/// Errors: base::Error when the text is something else.
template <class Value>
[[nodiscard]] Value parse(std::string_view text);

/// What the server answered to one statement, decoded as far as its texts.
struct Answer {
  std::shared_ptr<const void> memory;  // Owns what every view below points into.
  std::vector<std::string_view> columns;
  std::vector<std::optional<std::string_view>> cells;  // Row by row; nullopt is NULL.
  std::size_t rows{0};
  std::int64_t affected{0};
  std::string_view tag;  // "COMMIT", "INSERT 0 3".
};

/// One row of an answer, which it keeps alive; a view it gave lives as long as the row or its Rows.
class Row {
 public:
  Row(std::shared_ptr<const Answer> answer, std::size_t index)
      : answer_{std::move(answer)}, index_{index} {}

  /// The value of a column, by position or by name; std::optional for one that can be null.
  ///
  /// Errors: base::Error for NULL without std::optional, and for a value that is not a `Value`.
  template <class Value>
  [[nodiscard]] Value get(std::size_t column) const {
    return to_value(text(column), static_cast<Value*>(nullptr));
  }
  template <class Value>
  [[nodiscard]] Value get(std::string_view column) const {
    return get<Value>(column_of(column));
  }
  [[nodiscard]] bool is_null(std::string_view column) const {
    return !text(column_of(column)).has_value();
  }

 private:
  [[nodiscard]] std::optional<std::string_view> text(std::size_t column) const;
  [[nodiscard]] std::size_t column_of(std::string_view name) const;
  [[noreturn]] static void throw_null();

  // The pointer only says which overload is meant: a function cannot be specialised in part.
  template <class Value>
  static Value to_value(const std::optional<std::string_view>& text, Value*) {
    if (!text) throw_null();
    return parse<Value>(*text);
  }
  template <class Value>
  static std::optional<Value> to_value(const std::optional<std::string_view>& text,
                                       std::optional<Value>*) {
    if (!text) return std::nullopt;
    return parse<Value>(*text);
  }

  std::shared_ptr<const Answer> answer_;
  std::size_t index_;
};

/// All rows of one answer: an immutable value, cheap to copy.
class Rows {
 public:
  class Iterator;

  Rows() = default;
  explicit Rows(std::shared_ptr<const Answer> answer) : answer_{std::move(answer)} {}

  [[nodiscard]] std::size_t size() const noexcept { return answer_ ? answer_->rows : 0; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Rows inserted, changed, deleted or selected, as the server counted them.
  [[nodiscard]] std::int64_t affected() const noexcept { return answer_ ? answer_->affected : 0; }
  /// The server's command tag: "COMMIT", "INSERT 0 3".
  [[nodiscard]] std::string_view tag() const noexcept {
    return answer_ ? answer_->tag : std::string_view{};
  }

  /// Errors: an index out of range ends the process.
  [[nodiscard]] Row operator[](std::size_t index) const;
  /// The only row. Errors: base::Error when there is none, or more than one.
  [[nodiscard]] Row one() const;

  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;

 private:
  std::shared_ptr<const Answer> answer_;
};

class Rows::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Row;
  using difference_type = std::ptrdiff_t;
  using pointer = const Row*;
  using reference = Row;

  Iterator(const Rows& rows, std::size_t index) : rows_{&rows}, index_{index} {}
  [[nodiscard]] Row operator*() const { return (*rows_)[index_]; }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  Iterator operator++(int) {
    Iterator before{*this};
    ++index_;
    return before;
  }
  [[nodiscard]] bool operator==(const Iterator& other) const { return index_ == other.index_; }

 private:
  const Rows* rows_;
  std::size_t index_;
};

inline Rows::Iterator Rows::begin() const {
  return {*this, 0};
}
inline Rows::Iterator Rows::end() const {
  return {*this, size()};
}

}  // namespace pg
