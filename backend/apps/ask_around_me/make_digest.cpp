#include "apps/ask_around_me/make_digest.hpp"

#include "apps/ask_around_me/digest_store.hpp"
#include "base/check.hpp"
#include "base/time_text.hpp"
#include "engine/requests/circle.hpp"
#include "geo/cover.hpp"
#include "pg/transaction.hpp"
#include "wire/fields.hpp"

#include <utility>

namespace ask_around_me {
namespace {

// Nobody subscribes to these areas, so they may be larger than an MQTT filter allows.
constexpr geo::CoverLimits kAreas{.cells_max = 32, .letters_min = 1, .letters_max = 7};

geo::Cell cell_in(const base::Json& args) {
  const auto cell = geo::parse_cell(args.at("cell").get<std::string>());
  base::check(cell.has_value(), "an accepted job holds a cell that is none");
  return *cell;
}

// Counterclockwise, and closed, as RFC 7946 wants a polygon's outer ring.
base::Json outline(const geo::Box& box) {
  const base::Json ring = {{box.west, box.south},
                           {box.east, box.south},
                           {box.east, box.north},
                           {box.west, box.north},
                           {box.west, box.south}};
  return {{"type", "Polygon"}, {"coordinates", base::Json::array({ring})}};
}

base::Json feature(const geo::Cell& area, const AreaDigest& digest) {
  const base::Json mean = digest.stars_mean ? base::Json(*digest.stars_mean) : base::Json();
  const base::Json newest =
      digest.newest_at ? base::Json(base::utc_text(*digest.newest_at)) : base::Json();
  return {{"type", "Feature"},
          {"id", area.text()},
          {"geometry", outline(area.bounds())},
          {"properties",
           {{"questions", digest.questions},
            {"answers", digest.answers},
            {"stars_mean", mean},
            {"newest_at", newest}}}};
}

}  // namespace

base::Result<base::Json, wire::Problem> MakeDigest::parse(
    const engine::requests::CommandRequest& request) {
  wire::Fields fields{request.body};
  const engine::requests::Circle circle = engine::requests::read_circle(fields);
  const auto since = fields.optional_text("since", {.code_points_min = 1, .code_points_max = 40});
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));

  const auto since_at = since ? base::parse_utc(*since) : std::nullopt;
  if (since && !since_at) {
    return base::fail(wire::problem::invalid_body(
        {{"/since", "must be a time such as 2026-11-23T20:15:03Z (RFC 3339)"}}));
  }
  const geo::Cell cell = geo::cell_of(circle.centre, 7);
  if (!geo::cover(cell.centre(), circle.radius_m, kAreas)) {
    return base::fail(wire::problem::invalid_body(
        {{"/radius_m", "is too large so close to a pole, where areas are narrow"}}));
  }
  return base::Json{{"cell", cell.text()},
                    {"radius_m", circle.radius_m},
                    {"since", since_at ? base::Json(base::utc_text(*since_at)) : base::Json()}};
}

std::optional<engine::jobs::Finished> MakeDigest::handle(engine::jobs::Run& run) const {
  const base::Json& args = run.job().args;
  const geo::Point centre = cell_in(args).centre();
  const double radius_m = args.at("radius_m").get<double>();
  const base::Json& since = args.at("since");
  const auto areas = geo::cover(centre, radius_m, kAreas);
  base::check(areas.has_value(), "an accepted circle has areas");

  base::Json features = base::Json::array();
  std::int64_t questions = 0;
  std::int64_t answers = 0;
  std::size_t done = 0;
  for (const geo::Cell& area : *areas) {
    if (run.stop().stop_requested()) return std::nullopt;
    const AreaDigest digest = digest_area(
        *run.database(),
        {.area = area.bounds(),
         .centre = centre,
         .radius_m = radius_m,
         .since = since.is_null() ? std::nullopt : base::parse_utc(since.get<std::string>())});
    if (digest.questions > 0) {
      features.push_back(feature(area, digest));
      run.add_partial(features.back());
    }
    questions += digest.questions;
    answers += digest.answers;
    ++done;
    run.progress(static_cast<int>(100 * done / areas->size()), "looked at " + area.text());
  }
  return engine::jobs::Finished{
      .outcome = engine::jobs::Completed{.result = {{"type", "FeatureCollection"},
                                                    {"features", features},
                                                    {"areas", areas->size()},
                                                    {"questions", questions},
                                                    {"answers", answers},
                                                    {"since", since}},
                                         .events = {}}};
}

}  // namespace ask_around_me
