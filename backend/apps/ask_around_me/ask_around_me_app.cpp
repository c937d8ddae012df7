#include "apps/ask_around_me/ask_around_me_app.hpp"

#include "apps/ask_around_me/ask_question.hpp"
#include "apps/ask_around_me/digest_store.hpp"
#include "apps/ask_around_me/list_questions.hpp"
#include "apps/ask_around_me/make_digest.hpp"
#include "apps/ask_around_me/question_store.hpp"

#include <chrono>
#include <memory>

namespace embedded {
std::span<const base::EmbeddedFile> ask_around_me_sql();
}

namespace ask_around_me {

pg::MigrationSet AskAroundMeApp::migrations() const {
  return {"ask_around_me", embedded::ask_around_me_sql()};
}

std::vector<pg::Statement> AskAroundMeApp::statements() const {
  return pg::joined({question_store_statements(), digest_store_statements()});
}

void AskAroundMeApp::register_commands(engine::requests::CommandRegistry& commands) const {
  commands.add({.method = "POST",
                .pattern = "/v1/questions",
                .kind = AskQuestion::kKind,
                .parse = AskQuestion::parse});
  commands.add({.method = "POST",
                .pattern = "/v1/digests",
                .kind = MakeDigest::kKind,
                .parse = MakeDigest::parse});
}

void AskAroundMeApp::register_queries(engine::requests::QueryRegistry& queries) const {
  queries.add({.pattern = "/v1/questions", .reply = list_questions});
  queries.add({.pattern = "/v1/questions/{id}", .reply = show_question});
}

void AskAroundMeApp::register_handlers(engine::jobs::HandlerRegistry& handlers) const {
  handlers.add(AskQuestion::kKind, std::make_unique<AskQuestion>());
  handlers.add_long(MakeDigest::kKind,
                    std::make_unique<MakeDigest>(),
                    {.running_max = 4, .time_limit = std::chrono::minutes{5}});
}

}  // namespace ask_around_me
