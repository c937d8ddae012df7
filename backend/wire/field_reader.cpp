#include "wire/field_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wire {
namespace {

constexpr std::size_t kErrorsMax = 20;

std::string expected_text(const TextRule& rule) {
  return fmt::format("text of {} to {} characters", rule.code_points_min, rule.code_points_max);
}

std::string expected_number(double least, double most) {
  return fmt::format("a number from {} to {}", least, most);
}

std::string expected_integer(std::int64_t least, std::int64_t most) {
  return fmt::format("a whole number from {} to {}", least, most);
}

std::string expected_choice(std::initializer_list<std::string_view> allowed) {
  return fmt::format("one of \"{}\"", fmt::join(allowed, "\", \""));
}

}  // namespace

std::string FieldReader::text(std::string_view name, const TextRule& rule) {
  const Value* value = find_required(name, expected_text(rule));
  return value == nullptr ? std::string{} : read(name, *value, rule);
}

double FieldReader::number(std::string_view name, double least, double most) {
  const Value* value = find_required(name, expected_number(least, most));
  return value == nullptr ? least : read(name, *value, least, most);
}

std::int64_t FieldReader::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const Value* value = find_required(name, expected_integer(least, most));
  return value == nullptr ? least : read(name, *value, least, most);
}

std::string FieldReader::choice(std::string_view name,
                                std::initializer_list<std::string_view> allowed) {
  const Value* value = find_required(name, expected_choice(allowed));
  return value == nullptr ? std::string{*allowed.begin()} : read(name, *value, allowed);
}

std::optional<std::string> FieldReader::optional_text(std::string_view name, const TextRule& rule) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  return read(name, *value, rule);
}

std::optional<double> FieldReader::optional_number(std::string_view name,
                                                   double least,
                                                   double most) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  return read(name, *value, least, most);
}

std::optional<std::int64_t> FieldReader::optional_integer(std::string_view name,
                                                          std::int64_t least,
                                                          std::int64_t most) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  return read(name, *value, least, most);
}

std::optional<std::string> FieldReader::optional_choice(
    std::string_view name, std::initializer_list<std::string_view> allowed) {
  const Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  return read(name, *value, allowed);
}

std::optional<Problem> FieldReader::finish() && {
  for (const auto& [name, value] : values_) {
    if (!value.is_asked_for) refuse(name, "is not known here: leave it out");
  }
  if (errors_.empty()) return std::nullopt;
  return problem_of_(std::move(errors_));
}

void FieldReader::give(std::string_view name, Value value) {
  const bool is_new = values_.emplace(name, std::move(value)).second;
  if (!is_new) refuse(name, "must be given once only");
}

void FieldReader::give_nothing(std::string detail) {
  has_values_ = false;
  errors_.push_back({.pointer = "", .detail = std::move(detail)});
}

const FieldReader::Value* FieldReader::find(std::string_view name) {
  const auto found = values_.find(name);
  if (found == values_.end()) return nullptr;
  found->second.is_asked_for = true;
  return found->second.is_null ? nullptr : &found->second;
}

const FieldReader::Value* FieldReader::find_required(std::string_view name,
                                                     const std::string& expected) {
  const Value* value = find(name);
  if (value == nullptr && has_values_) refuse(name, "is missing: must be " + expected);
  return value;
}

void FieldReader::refuse(std::string_view name, std::string detail) {
  if (errors_.size() >= kErrorsMax) return;
  errors_.push_back({.pointer = pointer_step(name), .detail = std::move(detail)});
}

std::string FieldReader::read(std::string_view name, const Value& value, const TextRule& rule) {
  if (!value.text) {
    refuse(name, "must be " + expected_text(rule));
    return {};
  }
  auto text = checked_text(*value.text, rule);
  if (!text) {
    refuse(name, std::move(text.error()));
    return {};
  }
  return *std::move(text);
}

double FieldReader::read(std::string_view name, const Value& value, double least, double most) {
  // Infinity and NaN, which a query string can spell, are in no range.
  if (value.number && *value.number >= least && *value.number <= most) return *value.number;
  refuse(name, "must be " + expected_number(least, most));
  return least;
}

std::int64_t FieldReader::read(std::string_view name,
                               const Value& value,
                               std::int64_t least,
                               std::int64_t most) {
  if (value.integer && *value.integer >= least && *value.integer <= most) return *value.integer;
  refuse(name, "must be " + expected_integer(least, most));
  return least;
}

std::string FieldReader::read(std::string_view name,
                              const Value& value,
                              std::initializer_list<std::string_view> allowed) {
  const bool is_allowed =
      value.text && std::find(allowed.begin(), allowed.end(), *value.text) != allowed.end();
  if (is_allowed) return *value.text;
  refuse(name, "must be " + expected_choice(allowed));
  return std::string{*allowed.begin()};
}

}  // namespace wire
