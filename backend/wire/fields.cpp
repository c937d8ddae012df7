#include "wire/fields.hpp"

#include "wire/json_text.hpp"

#include <utility>

namespace wire {
namespace {

std::optional<double> number_of(const base::Json& json) {
  if (!json.is_number()) return std::nullopt;
  return json.get<double>();
}

}  // namespace

Fields::Fields(const base::Json& json) : FieldReader{problem::invalid_body} {
  if (!json.is_object()) {
    give_nothing("must be a JSON object");
    return;
  }
  for (const auto& [name, value] : json.items()) {
    Value field{
        .number = number_of(value), .integer = integer_of(value), .is_null = value.is_null()};
    if (value.is_string()) field.text = value.get<std::string>();
    give(name, std::move(field));
  }
}

}  // namespace wire
