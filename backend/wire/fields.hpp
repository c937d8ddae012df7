#pragma once

#include "base/json.hpp"
#include "wire/field_reader.hpp"

namespace wire {

/// The fields of one JSON object, each with its type and limits.
///
///     Fields fields{json};
///     const std::string text = fields.text("text", {.code_points_min = 1, .code_points_max =
///     280}); const double lat = fields.number("lat", -90, 90); if (auto problem =
///     std::move(fields).finish()) return base::fail(std::move(*problem));
///
/// Shape: a number is never text and text never a number; anything but an object is an error at "".
class Fields : public FieldReader {
 public:
  /// Copies what it needs: `json` may go away.
  explicit Fields(const base::Json& json);
};

}  // namespace wire
