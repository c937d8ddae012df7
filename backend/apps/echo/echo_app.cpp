#include "apps/echo/echo_app.hpp"

#include "apps/echo/say.hpp"

#include <memory>

namespace embedded {
std::span<const base::EmbeddedFile> echo_sql();
}

namespace echo {

pg::MigrationSet EchoApp::migrations() const {
  return {"echo", embedded::echo_sql()};
}

std::vector<pg::Statement> EchoApp::statements() const {
  return pg::joined({say_statements()});
}

void EchoApp::register_commands(engine::requests::CommandRegistry& commands) const {
  commands.add({.method = "POST", .pattern = "/v1/echo", .kind = Say::kKind, .parse = Say::parse});
}

void EchoApp::register_queries(engine::requests::QueryRegistry&) const {}

void EchoApp::register_handlers(engine::jobs::HandlerRegistry& handlers) const {
  handlers.add(Say::kKind, std::make_unique<Say>());
}

}  // namespace echo
