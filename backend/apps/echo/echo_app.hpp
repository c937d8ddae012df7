#pragma once

#include "engine/app.hpp"

namespace echo {

/// The smallest application there can be: `POST /v1/echo {text}` becomes a note, the note is the
/// job's result, and everyone near 0,0 hears of it. Copy this folder to build your own.
class EchoApp final : public engine::App {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "echo"; }
  [[nodiscard]] pg::MigrationSet migrations() const override;
  [[nodiscard]] std::vector<pg::Statement> statements() const override;
  void register_commands(engine::requests::CommandRegistry& commands) const override;
  void register_queries(engine::requests::QueryRegistry& queries) const override;
  void register_handlers(engine::jobs::HandlerRegistry& handlers) const override;
};

}  // namespace echo
