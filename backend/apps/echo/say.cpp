#include "apps/echo/say.hpp"

#include "pg/transaction.hpp"
#include "wire/fields.hpp"

#include <array>

namespace echo {
namespace {

constexpr pg::Statement kInsert{"echo_note_insert", R"(
  insert into echo.note (id, author, text)
  select * from unnest($1::bigint[], $2::text[], $3::text[]))"};

// Where nobody is: the middle of the sea off Ghana, latitude and longitude 0.
const geo::Cell kNowhere = geo::cell_of({.lat = 0, .lon = 0}, 7);

constexpr std::array kStatements{kInsert};

}  // namespace

std::span<const pg::Statement> say_statements() {
  return kStatements;
}

base::Result<base::Json, wire::Problem> Say::parse(
    const engine::requests::CommandRequest& request) {
  wire::Fields fields{request.body};
  const std::string text = fields.text("text", {.code_points_min = 1, .code_points_max = 280});
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));
  return base::Json{{"text", text}};
}

std::vector<engine::jobs::Outcome> Say::handle(std::span<const engine::jobs::Job> jobs,
                                               pg::Transaction& tx) const {
  std::vector<std::int64_t> ids;
  std::vector<std::string> authors;
  std::vector<std::string> texts;
  std::vector<engine::jobs::Outcome> outcomes;
  for (const engine::jobs::Job& job : jobs) {
    ids.push_back(job.id.value());
    authors.push_back(job.caller);
    texts.push_back(job.args.at("text").get<std::string>());

    const base::Json note{{"id", job.id.text()}, {"text", texts.back()}};
    outcomes.emplace_back(engine::jobs::Completed{
        .result = note,
        .events = {{.type = "note.said", .subject = job.id.text(), .cell = kNowhere, .data = note}},
    });
  }
  tx.run(kInsert, ids, authors, texts);
  return outcomes;
}

}  // namespace echo
