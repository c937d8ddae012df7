#include "apps/ask_around_me/question_store.hpp"

#include "base/check.hpp"
#include "geo/cover.hpp"
#include "geo/distance.hpp"

#include <algorithm>
#include <array>

namespace ask_around_me {
namespace {

constexpr pg::Statement kInsert{"question_insert", R"(
  insert into ask_around_me.question (id, author, text, kind, lat, lon, cell, expires_at)
  select id, author, text, kind::ask_around_me.question_kind, lat, lon, cell,
         now() + make_interval(secs => expires_in_s)
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::float8[],
              $7::text[], $8::bigint[])
    as asked (id, author, text, kind, lat, lon, cell, expires_in_s)
  returning id, (extract(epoch from created_at) * 1000)::bigint as created_at_ms,
            (extract(epoch from expires_at) * 1000)::bigint as expires_at_ms)"};

// Nearest by rank to a rank above all in question is newest first, straight from the index. The
// first anchor is one above the counter: float8 distances stay exact only near the ranks.
constexpr pg::Statement kNear{"question_near", R"(
  with anchor as materialized (
    select coalesce($6::bigint, (select last_value + 1 from ask_around_me.question_rank_seq)) as rank
  )
  select q.*
  from anchor, lateral (
    select id, rank, author, text, kind, state, lat, lon, cell, answers, stars_sum_halves,
           stars_histogram, version,
           (extract(epoch from created_at) * 1000)::bigint as created_at_ms,
           (extract(epoch from expires_at) * 1000)::bigint as expires_at_ms
    from ask_around_me.question
    where state = 'open'
      and expires_at > now()
      and point(lon, lat) <@ box(point($1::float8, $2::float8), point($3::float8, $4::float8))
      and 2 * $7::float8 * asin(least(1, sqrt(
            power(sin(radians(lat - $8::float8) / 2), 2)
            + cos(radians($8::float8)) * cos(radians(lat))
              * power(sin(radians(lon - $9::float8) / 2), 2)
          ))) <= $10::float8
      and rank < anchor.rank
    order by rank <-> anchor.rank
    limit $5::integer
  ) as q)"};

constexpr pg::Statement kFind{"question_find", R"(
  select id, rank, author, text, kind, state, lat, lon, cell, answers, stars_sum_halves,
         stars_histogram, version,
         (extract(epoch from created_at) * 1000)::bigint as created_at_ms,
         (extract(epoch from expires_at) * 1000)::bigint as expires_at_ms
  from ask_around_me.question
  where id = $1)"};

Question::Time time_of(std::int64_t milliseconds) {
  return Question::Time{std::chrono::milliseconds{milliseconds}};
}

geo::Cell cell_of(const pg::Row& row) {
  const auto cell = geo::parse_cell(row.get<std::string_view>("cell"));
  base::check(cell.has_value(), "a question lies in a cell that is none");
  return *cell;
}

Question question_of(const pg::Row& row) {
  Question question{.id = wire::JobId{row.get<std::int64_t>("id")},
                    .author = row.get<std::string>("author"),
                    .text = row.get<std::string>("text"),
                    .kind = row.get<std::string>("kind"),
                    .state = row.get<std::string>("state"),
                    .place = {row.get<double>("lat"), row.get<double>("lon")},
                    .cell = cell_of(row),
                    .answers = row.get<std::int32_t>("answers"),
                    .stars_sum_halves = row.get<std::int64_t>("stars_sum_halves"),
                    .version = row.get<std::int32_t>("version"),
                    .created_at = time_of(row.get<std::int64_t>("created_at_ms")),
                    .expires_at = time_of(row.get<std::int64_t>("expires_at_ms"))};
  const auto histogram = row.get<std::vector<std::int64_t>>("stars_histogram");
  std::copy_n(
      histogram.begin(), std::min(histogram.size(), kHalfStars), question.stars_histogram.begin());
  return question;
}

struct Ranked {
  std::int64_t rank;
  Question question;
};

constexpr std::array kStatements{kInsert, kNear, kFind};

}  // namespace

std::span<const pg::Statement> question_store_statements() {
  return kStatements;
}

std::vector<Question> insert_questions(pg::Transaction& tx, std::span<const NewQuestion> asked) {
  std::vector<std::int64_t> ids;
  std::vector<std::string> authors, texts, kinds, cells;
  std::vector<double> lats, lons;
  std::vector<std::int64_t> expires_in_s;
  std::vector<Question> questions;
  for (const NewQuestion& one : asked) {
    const geo::Point place = one.cell.centre();
    ids.push_back(one.id.value());
    authors.push_back(one.author);
    texts.push_back(one.text);
    kinds.push_back(one.kind);
    lats.push_back(place.lat);
    lons.push_back(place.lon);
    cells.push_back(one.cell.text());
    expires_in_s.push_back(one.expires_in_s);
    questions.push_back({.id = one.id,
                         .author = one.author,
                         .text = one.text,
                         .kind = one.kind,
                         .state = "open",
                         .place = place,
                         .cell = one.cell,
                         .created_at = {},
                         .expires_at = {}});
  }

  const pg::Rows rows =
      tx.run(kInsert, ids, authors, texts, kinds, lats, lons, cells, expires_in_s);
  // RETURNING promises no order.
  for (const pg::Row row : rows) {
    const wire::JobId id{row.get<std::int64_t>("id")};
    const auto question = std::find_if(
        questions.begin(), questions.end(), [&](const Question& q) { return q.id == id; });
    question->created_at = time_of(row.get<std::int64_t>("created_at_ms"));
    question->expires_at = time_of(row.get<std::int64_t>("expires_at_ms"));
  }
  return questions;
}

QuestionPage find_near(pg::Transaction& tx, const Near& near) {
  // Two boxes where the circle crosses the antimeridian: each gives its newest, both are merged.
  std::vector<Ranked> found;
  const int one_more = near.limit + 1;
  for (const geo::Box& box : geo::bounding_boxes(near.centre, near.radius_m)) {
    for (const pg::Row row : tx.run(kNear,
                                    box.west,
                                    box.south,
                                    box.east,
                                    box.north,
                                    one_more,
                                    near.before_rank,
                                    geo::kEarthRadius_m,
                                    near.centre.lat,
                                    near.centre.lon,
                                    near.radius_m)) {
      found.push_back({row.get<std::int64_t>("rank"), question_of(row)});
    }
  }
  std::sort(
      found.begin(), found.end(), [](const Ranked& a, const Ranked& b) { return a.rank > b.rank; });

  QuestionPage page;
  const auto limit = static_cast<std::size_t>(near.limit);
  for (std::size_t i = 0; i < std::min(found.size(), limit); ++i) {
    page.questions.push_back(std::move(found[i].question));
  }
  if (found.size() > limit) page.next_before_rank = found[limit - 1].rank;
  return page;
}

std::optional<Question> find_question(pg::Transaction& tx, wire::JobId id) {
  const pg::Rows rows = tx.run(kFind, id.value());
  if (rows.empty()) return std::nullopt;
  return question_of(rows.one());
}

}  // namespace ask_around_me
