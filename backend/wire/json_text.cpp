#include "wire/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace wire {
namespace {

using base::Json;

/// `position` counts bytes from 1.
std::string line_and_column(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position - 1);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == before.npos ? position : position - newline - 1;
  return fmt::format("line {}, column {}", line, column);
}

/// Sorted, so that an object of a million keys costs no more than its share.
std::optional<std::string> repeated_key(const Json::object_t& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto& [key, value] : object) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return std::nullopt;
  return std::string{*twice};
}

/// Builds the value from the parser's calls; a call that returns false ends the parsing.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, JsonLimits limits) : text_{text}, limits_{limits} {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool binary(binary_t&) override { return false; }  // JSON text has none.

  bool string(string_t& value) override {
    if (value.find('\0') != value.npos) return refuse("must not contain the character NUL");
    return add(std::move(value));
  }

  bool key(string_t& name) override {
    if (name.find('\0') != name.npos) return refuse("has a key that contains the character NUL");
    open_.back().key = std::move(name);
    return true;
  }

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool end_object() override {
    const auto twice = repeated_key(open_.back().value.get_ref<const Json::object_t&>());
    if (!twice) return close();
    open_.back().key = twice;
    return refuse("is given more than once");
  }

  bool parse_error(std::size_t position,
                   const std::string&,
                   const Json::exception& fault) override {
    constexpr int kNumberOverflow = 406;
    if (fault.id == kNumberOverflow) return refuse("is a number too large to be represented");
    if (position > text_.size()) return refuse("ends too early");
    const std::string_view why = fault.what();
    return refuse(fmt::format(
        "is not valid JSON at {}{}",
        line_and_column(text_, position),
        why.find("invalid string:") == why.npos
            ? ""
            : ": a string holds half a surrogate pair, a raw control character, an unknown escape "
              "or bytes that are not UTF-8"));
  }

  bool refuse(const std::string& detail) {
    const std::string pointer = here();
    problem_ = problem::malformed_json(
        fmt::format("{} {}.", pointer.empty() ? "The text" : "'" + pointer + "'", detail),
        {{.pointer = pointer, .detail = detail}});
    return false;
  }

  base::Result<Json, Problem> finish() && {
    if (problem_) return base::fail(std::move(*problem_));
    return std::move(root_);
  }

 private:
  /// An object or array whose end has not come; `key` waits for its value.
  struct Open {
    Json value;
    std::optional<std::string> key;
  };

  bool open(Json container) {
    if (open_.size() >= limits_.depth_max) {
      return refuse(fmt::format("is nested deeper than {} levels", limits_.depth_max));
    }
    open_.push_back({std::move(container), std::nullopt});
    return true;
  }

  bool close() {
    Json value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    auto& [container, key] = open_.back();
    if (container.is_array()) {
      container.push_back(std::move(value));
    } else {
      // Not Json::emplace, which looks through all keys each time: end_object does that once.
      container.get_ref<Json::object_t&>().emplace_back(std::move(*key), std::move(value));
      key.reset();
    }
    return true;
  }

  std::string here() const {
    std::string pointer;
    for (const Open& open : open_) {
      if (open.value.is_array()) {
        pointer += pointer_step(std::to_string(open.value.size()));
      } else if (open.key) {
        pointer += pointer_step(*open.key);
      }
    }
    return pointer;
  }

  std::string_view text_;
  JsonLimits limits_;
  std::vector<Open> open_;
  Json root_;
  std::optional<Problem> problem_;
};

}  // namespace

base::Result<Json, Problem> parse_json(std::string_view text, JsonLimits limits) {
  Builder builder{text, limits};
  // The library takes a raw NUL for the end and would accept whatever follows it.
  if (const std::size_t nul = text.find('\0'); nul != text.npos) {
    builder.refuse("contains the character NUL at " + line_and_column(text, nul + 1));
  } else {
    Json::sax_parse(text.begin(), text.end(), &builder);
  }
  return std::move(builder).finish();
}

std::optional<std::int64_t> integer_of(const base::Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMost) return std::nullopt;
  return value.get<std::int64_t>();
}

}  // namespace wire
