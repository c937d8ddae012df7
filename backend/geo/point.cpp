#include "geo/point.hpp"

#include <cmath>

namespace geo {

std::optional<Point> make_point(double lat, double lon) noexcept {
  // A NaN fails both comparisons, an infinity one of them.
  if (!(std::abs(lat) <= 90.0) || !(std::abs(lon) <= 180.0)) return std::nullopt;
  return Point{lat + 0.0, lon + 0.0};  // + 0.0 clears the sign of -0.0, which would print as "-0"
}

}  // namespace geo
