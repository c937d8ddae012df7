#include "engine/requests/circle.hpp"

#include "base/check.hpp"
#include "geo/cover.hpp"
#include "wire/topic.hpp"

#include <string>
#include <utility>

namespace engine::requests {

Circle read_circle(wire::FieldReader& reader) {
  const double lat = reader.number("lat", -90, 90);
  const double lon = reader.number("lon", -180, 180);
  const double radius_m = reader.number("radius_m", 1, 50'000);
  const auto centre = geo::make_point(lat, lon);
  base::check(centre.has_value(), "a coordinate in range is no place");
  return {.centre = *centre, .radius_m = radius_m};
}

base::Json cover_view(const Circle& circle) {
  const auto cells = geo::cover(circle.centre, circle.radius_m);
  base::Json view{{"cells", base::Json::array()},
                  {"filters", base::Json::array()},
                  {"heads", base::Json::array()}};
  if (!cells) {
    view["poll"] = true;
    return view;
  }
  for (const geo::Cell& cell : *cells) {
    view["cells"].push_back(cell.text());
    view["filters"].push_back(wire::geo_filter(cell));
    // Cells come in order, so those of one area are neighbours.
    std::string heads = wire::head_filter(cell);
    if (view["heads"].empty() || view["heads"].back() != heads) {
      view["heads"].push_back(std::move(heads));
    }
  }
  return view;
}

}  // namespace engine::requests
