#include "apps/ask_around_me/ask_question.hpp"

#include "apps/ask_around_me/question_store.hpp"
#include "base/check.hpp"
#include "geo/point.hpp"
#include "wire/fields.hpp"

namespace ask_around_me {
namespace {

constexpr std::int64_t kExpiresInMin_s = 60;
constexpr std::int64_t kExpiresInMax_s = 7 * 86'400;
constexpr std::int64_t kExpiresInDefault_s = 86'400;

NewQuestion asked_in(const engine::jobs::Job& job) {
  const auto cell = geo::parse_cell(job.args.at("cell").get<std::string>());
  base::check(cell.has_value(), "an accepted job holds a cell that is none");
  return {.id = job.id,
          .author = job.caller,
          .text = job.args.at("text").get<std::string>(),
          .kind = job.args.at("kind").get<std::string>(),
          .cell = *cell,
          .expires_in_s = job.args.at("expires_in_s").get<std::int64_t>()};
}

engine::outbox::Event question_asked(const Question& question) {
  return {.type = "question.asked",
          .subject = question.id.text(),
          .cell = question.cell,
          .data = public_view(question)};
}

}  // namespace

base::Result<base::Json, wire::Problem> AskQuestion::parse(
    const engine::requests::CommandRequest& request) {
  wire::Fields fields{request.body};
  const std::string text = fields.text("text", {.code_points_min = 1, .code_points_max = 280});
  const std::string kind = fields.choice("kind", {"stars", "places"});
  const double lat = fields.number("lat", -90, 90);
  const double lon = fields.number("lon", -180, 180);
  const auto expires_in_s =
      fields.optional_integer("expires_in_s", kExpiresInMin_s, kExpiresInMax_s);
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));

  const auto place = geo::make_point(lat, lon);
  base::check(place.has_value(), "a coordinate in range is no place");
  return base::Json{{"text", text},
                    {"kind", kind},
                    {"cell", geo::cell_of(*place, 7).text()},
                    {"expires_in_s", expires_in_s.value_or(kExpiresInDefault_s)}};
}

std::vector<engine::jobs::Outcome> AskQuestion::handle(std::span<const engine::jobs::Job> jobs,
                                                       pg::Transaction& tx) const {
  std::vector<NewQuestion> asked;
  for (const engine::jobs::Job& job : jobs) asked.push_back(asked_in(job));

  std::vector<engine::jobs::Outcome> outcomes;
  for (const Question& question : insert_questions(tx, asked)) {
    outcomes.emplace_back(engine::jobs::Completed{
        .result = public_view(question),
        .events = {question_asked(question)},
    });
  }
  return outcomes;
}

}  // namespace ask_around_me
