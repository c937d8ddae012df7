#pragma once

#include "engine/app.hpp"

namespace ask_around_me {

/// Questions about what is around, asked and answered by the people there.
class AskAroundMeApp final : public engine::App {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "ask_around_me"; }
  [[nodiscard]] pg::MigrationSet migrations() const override;
  [[nodiscard]] std::vector<pg::Statement> statements() const override;
  void register_commands(engine::requests::CommandRegistry& commands) const override;
  void register_queries(engine::requests::QueryRegistry& queries) const override;
  void register_handlers(engine::jobs::HandlerRegistry& handlers) const override;
};

}  // namespace ask_around_me
