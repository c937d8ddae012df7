#pragma once

#include "apps/ask_around_me/ask_question.hpp"
#include "engine/app.hpp"

#include <string_view>
#include <vector>

namespace bench {

/// `POST /v1/bench/no-op`: everything that `POST /v1/questions` does until there is a job, and then
/// an answer of the same size. What is left out is storing the job: queue, commit, fsync.
class NoOpApp final : public engine::App {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "bench"; }
  [[nodiscard]] pg::MigrationSet migrations() const override { return {"bench", {}}; }
  [[nodiscard]] std::vector<pg::Statement> statements() const override { return {}; }
  void register_queries(engine::requests::QueryRegistry&) const override {}
  void register_handlers(engine::jobs::HandlerRegistry&) const override {}

  void register_commands(engine::requests::CommandRegistry& commands) const override {
    commands.add({.method = "POST",
                  .pattern = "/v1/bench/no-op",
                  .kind = "bench.no_op",
                  .parse = [](const engine::requests::CommandRequest& request) {
                    return answer_without_job(request);
                  }});
  }

 private:
  /// A parser's problem is answered at once, and this one says 202.
  static base::Result<base::Json, wire::Problem> answer_without_job(
      const engine::requests::CommandRequest& request) {
    auto args = ask_around_me::AskQuestion::parse(request);
    if (!args) return args;
    return base::fail(wire::Problem{.status = 202,
                                    .type = "no-op",
                                    .title = "Nothing was stored",
                                    .detail = std::string(/*count=*/160, '.')});
  }
};

}  // namespace bench
