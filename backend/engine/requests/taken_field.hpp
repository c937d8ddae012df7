#pragma once

#include "base/json.hpp"

#include <optional>
#include <utility>

namespace engine::requests {

/// Takes a field that is more than one value out of an object, before wire::Fields reads the rest.
/// None: it is not there, or null.
[[nodiscard]] inline std::optional<base::Json> take_field(base::Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) return std::nullopt;
  base::Json taken = std::move(object.at(name));
  object.erase(name);
  return taken.is_null() ? std::nullopt : std::optional{std::move(taken)};
}

}  // namespace engine::requests
