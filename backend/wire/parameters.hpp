#pragma once

#include "wire/field_reader.hpp"

#include <string>
#include <utility>
#include <vector>

namespace wire {

/// The parameters of a query string, each with its type and limits; read like Fields.
///
/// Shape: names and values already percent-decoded. A repeated name is an error, an empty value is
///        a value.
class Parameters : public FieldReader {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  explicit Parameters(const Pairs& pairs);
};

}  // namespace wire
