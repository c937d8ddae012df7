#pragma once

#include "engine/jobs/handler.hpp"
#include "engine/requests/command_registry.hpp"

namespace ask_around_me {

/// `POST /v1/questions {text, kind, lat, lon, expires_in_s?}`: somebody asks about a place, and
/// everyone near it hears the question.
class AskQuestion final : public engine::jobs::BatchHandler {
 public:
  static constexpr const char* kKind = "ask_around_me.ask_question";

  /// The exact position ends here: what goes on is the seven-letter cell it is in.
  [[nodiscard]] static base::Result<base::Json, wire::Problem> parse(
      const engine::requests::CommandRequest& request);

  [[nodiscard]] std::vector<engine::jobs::Outcome> handle(std::span<const engine::jobs::Job> jobs,
                                                          pg::Transaction& tx) const override;
};

}  // namespace ask_around_me
