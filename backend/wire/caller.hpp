#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wire {

/// Who is asking: whoever vouches for them, and the name they have there.
///
/// Its text is what topics, client ids and rows carry in place of both, without loss:
/// `<alias>-<sub>`, where any byte of sub outside `[A-Za-z0-9-]` is `_` and two hex digits.
///
/// Limits: alias `[a-z0-9]{1,16}`, sub not empty, text at most 200 bytes.
class Caller {
 public:
  /// Nothing when a limit is not met.
  [[nodiscard]] static std::optional<Caller> from(std::string_view alias, std::string_view sub);
  /// Exactly what `text` gives, and nothing else: one caller has one text.
  [[nodiscard]] static std::optional<Caller> parse(std::string_view text);

  [[nodiscard]] const std::string& alias() const { return alias_; }
  [[nodiscard]] const std::string& sub() const { return sub_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] friend bool operator==(const Caller& left, const Caller& right) {
    return left.text_ == right.text_;
  }
  [[nodiscard]] friend auto operator<=>(const Caller& left, const Caller& right) {
    return left.text_ <=> right.text_;
  }

 private:
  Caller(std::string_view alias, std::string_view sub, std::string text);

  std::string alias_;
  std::string sub_;
  std::string text_;
};

}  // namespace wire
