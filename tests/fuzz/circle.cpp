#include "engine/requests/circle.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "http/target.hpp"
#include "wire/parameters.hpp"

#include <string>
#include <utility>

// The query of GET /v1/cover: a 400, or at most 32 filters around the place.

const fuzz::Target fuzz::target{.name = "circle", .mutations = 4'000};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using base::check;
  const auto target = http::parse_target("/v1/cover?" + std::string{fuzz::text_of(bytes, size)});
  if (!target) return 0;
  wire::Parameters parameters{target->query};
  const engine::requests::Circle circle = engine::requests::read_circle(parameters);
  if (const auto problem = std::move(parameters).finish()) {
    check(problem->status == 400, "a bad query is the client's fault");
    check(!wire::to_json(*problem).dump().empty(), "a problem can be told");
    return 0;
  }
  check(circle.radius_m >= 1.0 && circle.radius_m <= 50'000.0, "a radius is in range");

  const base::Json view = engine::requests::cover_view(circle);
  const std::size_t filters = view.at("filters").size();
  check(filters == view.at("cells").size() && filters <= 32, "there are at most 32 filters");
  check(view.contains("poll") == (filters == 0), "who has no filter is told to poll");
  bool is_inside = filters == 0;
  for (const base::Json& cell : view.at("cells")) {
    is_inside =
        is_inside ||
        geo::cell_of(circle.centre, 7).text().starts_with(cell.get_ref<const std::string&>());
  }
  check(is_inside, "a cover holds the place itself");
  return 0;
}
