#include "engine/requests/outside_command.hpp"

namespace engine::requests {

Command outside_command(const jobs::OutsideKind& kind) {
  const auto parse = [schema = kind.args_schema](
                         const CommandRequest& request) -> base::Result<base::Json, wire::Problem> {
    if (!request.body.is_object()) {
      return base::fail(
          wire::problem::invalid_body({{.pointer = "", .detail = "must be a JSON object"}}));
    }
    if (!schema) return request.body;
    auto errors = schema->errors_of(request.body, /*prefix=*/"");
    if (errors.empty()) return request.body;
    return base::fail(wire::problem::invalid_body(std::move(errors)));
  };
  return {.method = {},
          .pattern = {},
          .kind = kind.name,
          .parse = parse,
          .max_attempts = kind.max_attempts};
}

}  // namespace engine::requests
