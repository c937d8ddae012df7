#include "apps/ask_around_me/list_questions.hpp"

#include "apps/ask_around_me/question_store.hpp"
#include "engine/outbox/event_store.hpp"
#include "engine/requests/circle.hpp"
#include "wire/parameters.hpp"

#include <charconv>

namespace ask_around_me {
namespace {

/// A cursor is a rank; clients pass it back as they got it.
std::optional<std::int64_t> rank_of(const std::string& cursor) {
  std::int64_t rank = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto [stopped, error] = std::from_chars(cursor.data(), end, rank);
  if (error != std::errc{} || stopped != end || rank < 1) return std::nullopt;
  return rank;
}

wire::Problem bad_cursor() {
  return wire::problem::invalid_parameters(
      {{"/cursor", "must be the value of `next` from an earlier answer"}});
}

}  // namespace

base::Result<base::Json, wire::Problem> list_questions(
    const engine::requests::QueryRequest& request) {
  wire::Parameters parameters{request.http.query};
  const engine::requests::Circle circle = engine::requests::read_circle(parameters);
  const auto limit = parameters.optional_integer("limit", 1, 100);
  const auto cursor =
      parameters.optional_text("cursor", {.code_points_min = 1, .code_points_max = 32});
  if (auto problem = std::move(parameters).finish()) return base::fail(std::move(*problem));

  Near near{.centre = circle.centre,
            .radius_m = circle.radius_m,
            .limit = static_cast<int>(limit.value_or(50)),
            .before_rank = std::nullopt};
  if (cursor) {
    near.before_rank = rank_of(*cursor);
    if (!near.before_rank) return base::fail(bad_cursor());
  }

  const QuestionPage page = find_near(request.tx, near);
  base::Json questions = base::Json::array();
  for (const Question& question : page.questions) {
    questions.push_back(view_for(question, request.caller.text(), circle.centre));
  }
  return base::Json{
      {"questions", questions},
      {"position", engine::outbox::read_position(request.tx).text()},
      {"cover", engine::requests::cover_view(circle)},
      {"next",
       page.next_before_rank ? base::Json(std::to_string(*page.next_before_rank)) : base::Json()}};
}

base::Result<base::Json, wire::Problem> show_question(
    const engine::requests::QueryRequest& request) {
  const auto id = wire::JobId::parse(request.http.path_parameters.at("id"));
  const auto question = id ? find_question(request.tx, *id) : std::nullopt;
  if (!question) return base::fail(wire::problem::not_found("question"));
  return view_for(*question, request.caller.text());
}

}  // namespace ask_around_me
