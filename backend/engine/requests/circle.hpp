#pragma once

#include "base/json.hpp"
#include "geo/cell.hpp"
#include "geo/point.hpp"
#include "wire/field_reader.hpp"

#include <optional>
#include <vector>

namespace engine::requests {

/// The area a client asks about: `lat`, `lon`, `radius_m`.
struct Circle {
  geo::Point centre{};
  double radius_m{0};
};

/// Reads the three values; errors are collected in `reader`.
/// Limits: `radius_m` 1 to 50,000, everywhere.
[[nodiscard]] Circle read_circle(wire::FieldReader& reader);

/// What to subscribe to for a circle: `{cells, filters, heads}`. Where that cannot be had (near the
/// poles) all are empty, and `"poll": true` says what to do instead.
[[nodiscard]] base::Json cover_view(const Circle& circle);

}  // namespace engine::requests
