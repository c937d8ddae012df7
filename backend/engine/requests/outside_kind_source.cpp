#include "engine/requests/outside_kind_source.hpp"

#include "base/error.hpp"
#include "base/private_file.hpp"
#include "engine/requests/taken_field.hpp"
#include "wire/fields.hpp"
#include "wire/json_text.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace engine::requests {
namespace {

constexpr std::size_t kKindsMax = 100;
constexpr std::size_t kEventTypesMax = 32;
constexpr std::size_t kNameMax = 100;
constexpr std::int64_t kDay_s = 86'400;
constexpr wire::TextRule kNameRule{.code_points_min = 1, .code_points_max = kNameMax};
constexpr wire::TextRule kPathRule{.code_points_min = 1, .code_points_max = 4'096, .trim = false};

[[noreturn]] void refuse(const std::string& kind, const std::string& why) {
  throw base::Error{"[[kinds]] " + kind + ": " + why};
}

bool is_word(std::string_view word) {
  const auto is_inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !word.empty() && word.front() >= 'a' && word.front() <= 'z' &&
         std::ranges::all_of(word, is_inner);
}

// "acme.render": an app and a verb, a noun and its verb.
bool is_pair(std::string_view name) {
  const auto dot = name.find('.');
  return name.size() <= kNameMax && dot != std::string_view::npos && is_word(name.substr(0, dot)) &&
         is_word(name.substr(dot + 1));
}

std::vector<std::string> event_types_of(const std::string& kind, const base::Json& types) {
  const bool is_list = types.is_array() && types.size() <= kEventTypesMax;
  const auto is_type = [](const base::Json& type) {
    return type.is_string() && is_pair(type.get_ref<const std::string&>());
  };
  if (!is_list || !std::ranges::all_of(types, is_type)) {
    refuse(kind, "events is not a list of at most 32 types like \"picture.rendered\"");
  }
  return types.get<std::vector<std::string>>();
}

std::optional<wire::JsonSchema> schema_of(const std::string& kind,
                                          const std::optional<std::string>& path,
                                          const std::filesystem::path& folder) {
  if (!path) return std::nullopt;
  const std::filesystem::path file = folder / *path;
  const std::string text = base::read_small_file(file);
  if (text.empty()) refuse(kind, file.string() + " is empty, or not there");
  const auto json = wire::parse_json(text);
  if (!json) refuse(kind, file.string() + " is no JSON: " + json.error().detail);
  auto schema = wire::JsonSchema::compile(*json);
  if (!schema) refuse(kind, file.string() + " is no JSON Schema: " + schema.error());
  return *std::move(schema);
}

jobs::OutsideKind kind_of(const base::Json& entry, const std::filesystem::path& folder) {
  base::Json rest = entry;
  const auto events = take_field(rest, "events");
  wire::Fields fields{rest};
  jobs::OutsideKind kind{.name = fields.text("name", kNameRule)};
  const auto seconds = [&](const char* key, std::int64_t usual, std::int64_t most) {
    return std::chrono::seconds{fields.optional_integer(key, 1, most).value_or(usual)};
  };
  kind.lease = seconds("lease_s", 60, 3'600);
  kind.limits.time_limit = seconds("time_limit_s", 3'600, 30 * kDay_s);
  kind.limits.retry.first = seconds("retry_first_s", 1, kDay_s);
  kind.limits.retry.longest = seconds("retry_longest_s", 300, kDay_s);
  const auto running_max = fields.optional_integer("running_max", 1, 10'000);
  const auto max_attempts = fields.optional_integer("max_attempts", 1, 100);
  const auto bytes_max = fields.optional_integer("result_bytes_max", 2, jobs::kResultBytesMax);
  const auto args_schema = fields.optional_text("args_schema", kPathRule);
  const auto result_schema = fields.optional_text("result_schema", kPathRule);
  if (const auto problem = std::move(fields).finish()) {
    const wire::FieldError& first = problem->errors.front();
    refuse(kind.name, first.pointer + " " + first.detail);
  }
  if (!is_pair(kind.name)) refuse(kind.name, "the name is not like \"acme.render\"");
  kind.limits.running_max = static_cast<int>(running_max.value_or(16));
  kind.max_attempts = static_cast<std::int16_t>(max_attempts.value_or(kind.max_attempts));
  if (bytes_max) kind.result_bytes_max = static_cast<std::size_t>(*bytes_max);
  if (events) kind.events = event_types_of(kind.name, *events);
  kind.args_schema = schema_of(kind.name, args_schema, folder);
  kind.result_schema = schema_of(kind.name, result_schema, folder);
  return kind;
}

}  // namespace

std::vector<jobs::OutsideKind> outside_kinds_of(const base::Json& list,
                                                const std::filesystem::path& folder) {
  if (!list.is_array() || list.size() > kKindsMax) {
    throw base::Error{"[[kinds]] are not a list of at most 100 tables"};
  }
  std::vector<jobs::OutsideKind> kinds;
  std::set<std::string> names;
  for (const base::Json& entry : list) {
    kinds.push_back(kind_of(entry, folder));
    if (!names.insert(kinds.back().name).second) refuse(kinds.back().name, "is there twice");
  }
  return kinds;
}

}  // namespace engine::requests
