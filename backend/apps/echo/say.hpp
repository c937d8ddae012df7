#pragma once

#include "engine/jobs/handler.hpp"
#include "engine/requests/command_registry.hpp"
#include "pg/statement.hpp"

#include <span>

namespace echo {

/// `POST /v1/echo {text}`: stores a note and repeats it.
class Say final : public engine::jobs::BatchHandler {
 public:
  static constexpr const char* kKind = "echo.say";

  [[nodiscard]] static base::Result<base::Json, wire::Problem> parse(
      const engine::requests::CommandRequest& request);

  [[nodiscard]] std::vector<engine::jobs::Outcome> handle(std::span<const engine::jobs::Job> jobs,
                                                          pg::Transaction& tx) const override;
};

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> say_statements();

}  // namespace echo
