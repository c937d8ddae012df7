#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fuzz {

/// Takes typed values from an input, one word after the other, so that a corpus of them can be
/// read. Every input means something; where it ends, values are zero and texts empty.
class Words {
 public:
  explicit Words(std::string_view input) : rest_{input} {}

  [[nodiscard]] std::string_view next() {
    const std::size_t length = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(std::min(length + 1, rest_.size()));
    return word;
  }

  /// Any double at all: "nan", "-inf" and "1e-320" are some, and what is no number gives its bits.
  [[nodiscard]] double real() {
    const std::string_view word = next();
    double value = 0.0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
    if (read.ec != std::errc{} && !word.empty()) {
      std::memcpy(&value, word.data(), std::min(word.size(), sizeof value));
    }
    return value;
  }

  /// In [least, most].
  [[nodiscard]] std::int64_t integer(std::int64_t least, std::int64_t most) {
    const std::string_view word = next();
    std::int64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    if (value >= least && value <= most) return value;
    const std::uint64_t room = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    const auto from_least =
        static_cast<std::uint64_t>(value) % (room == UINT64_MAX ? room : room + 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + from_least);
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace fuzz
