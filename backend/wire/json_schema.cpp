#include "wire/json_schema.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace wire {
namespace {

// What valijson reads keeps its keys sorted, and ours as they were written.
using Sorted = nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

constexpr std::size_t kErrorsMax = 20;

// A property may be called like a keyword, so it is looked for where keywords stand.
constexpr std::array kNamesOfSchemas{"properties", "definitions", "$defs"};
constexpr std::array kTexts{"const", "enum", "default", "examples"};
constexpr std::array kRefused{"pattern", "patternProperties", "format"};

template <std::size_t Size>
bool is_any_of(const std::array<const char*, Size>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::optional<std::string> refused_in(const Sorted& schema);

std::optional<std::string> refused_among(const Sorted& schemas) {
  for (const auto& each : schemas) {
    if (auto found = refused_in(each)) return found;
  }
  return std::nullopt;
}

std::optional<std::string> refused_in(const Sorted& schema) {
  if (schema.is_array()) return refused_among(schema);
  if (!schema.is_object()) return std::nullopt;
  for (const auto& [word, value] : schema.items()) {
    if (is_any_of(kRefused, word)) return "'" + word + "' is not supported";
    if (word == "$ref" && value.is_string() && !value.get<std::string>().starts_with('#')) {
      return "'$ref' may only name a place in the same document";
    }
    if (is_any_of(kTexts, word)) continue;
    auto found = is_any_of(kNamesOfSchemas, word) ? refused_among(value) : refused_in(value);
    if (found) return found;
  }
  return std::nullopt;
}

// "<root>", "[places]", "[0]" → "/places/0".
std::string pointer_of(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t step = 1; step < context.size(); ++step) {
    pointer += pointer_step(std::string_view{context[step]}.substr(1, context[step].size() - 2));
  }
  return pointer;
}

}  // namespace

struct JsonSchema::Compiled {
  valijson::Schema schema;
};

base::Result<JsonSchema, std::string> JsonSchema::compile(const base::Json& schema) {
  if (!schema.is_object()) return base::fail(std::string{"it is not a JSON object"});
  const Sorted sorted = Sorted::parse(base::to_text(schema));
  if (auto refused = refused_in(sorted)) return base::fail(*std::move(refused));
  auto compiled = std::make_shared<Compiled>();
  try {
    valijson::SchemaParser{}.populateSchema(Adapter{sorted}, compiled->schema);
  } catch (const std::exception& error) {
    return base::fail(std::string{error.what()});
  }
  return JsonSchema{std::move(compiled)};
}

std::vector<FieldError> JsonSchema::errors_of(const base::Json& value,
                                              const std::string& prefix) const {
  const Sorted sorted = Sorted::parse(base::to_text(value));
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(compiled_->schema, Adapter{sorted}, &results)) return {};
  // The innermost place is reported first; what follows says only that it lies in others.
  std::vector<FieldError> errors;
  for (const auto& [context, description] : results) {
    const bool is_echo = description.starts_with("Failed to validate against") && !errors.empty();
    if (is_echo || errors.size() == kErrorsMax) continue;
    errors.push_back({.pointer = prefix + pointer_of(context), .detail = description});
  }
  return errors;
}

}  // namespace wire
