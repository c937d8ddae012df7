#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/problem.hpp"

#include <memory>
#include <string>
#include <vector>

namespace wire {

/// A compiled JSON Schema: what a JSON value must be like.
///
/// Threads: any.
/// Source: JSON Schema, draft 7.
class JsonSchema {
 public:
  /// Errors: a sentence about what is wrong with it. Refused are, too, references to other
  ///         documents, and `pattern`, `patternProperties` and `format`: the time and stack that a
  ///         regular expression takes of a long text are not bounded.
  [[nodiscard]] static base::Result<JsonSchema, std::string> compile(const base::Json& schema);

  /// What is wrong with `value`, each with a pointer into it that begins with `prefix`.
  ///
  /// Shape:  empty when all is well.
  /// Limits: the first 20.
  [[nodiscard]] std::vector<FieldError> errors_of(const base::Json& value,
                                                  const std::string& prefix) const;

 private:
  struct Compiled;
  explicit JsonSchema(std::shared_ptr<const Compiled> compiled) : compiled_{std::move(compiled)} {}

  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace wire
