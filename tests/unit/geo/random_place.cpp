#include "unit/geo/random_place.hpp"

#include "geo/cell.hpp"
#include "geo/distance.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace geo_test {

using geo::Point;

double RandomPlace::between(double low, double high) {
  return std::uniform_real_distribution<double>{low, high}(engine_);
}

int RandomPlace::whole_between(int low, int high) {
  return std::uniform_int_distribution<int>{low, high}(engine_);
}

Point RandomPlace::anywhere() {
  const double lat = between(-90.0, 90.0);
  const double lon = between(-180.0, 180.0);
  const double sign = whole_between(0, 1) == 0 ? -1.0 : 1.0;
  switch (whole_between(0, 9)) {
    case 0:
      return {sign * 90.0, lon};
    case 1:
      return {sign * (90.0 - std::pow(10.0, between(-9.0, 0.0))), lon};
    case 2:
      return {lat, sign * 180.0};
    case 3:
      return {lat, sign * (180.0 - std::pow(10.0, between(-9.0, 0.0)))};
    case 4:
      return on_cell_corner();
    case 5:
      return {0.0, whole_between(0, 1) == 0 ? 0.0 : lon};
    default:
      return {lat, lon};
  }
}

Point RandomPlace::on_cell_corner() {
  const Point point{between(-90.0, 90.0), between(-180.0, 180.0)};
  const geo::Box box = geo::cell_of(point, whole_between(1, 12)).bounds();
  return {whole_between(0, 1) == 0 ? box.south : box.north,
          whole_between(0, 1) == 0 ? box.west : box.east};
}

double RandomPlace::radius_m() {
  return std::pow(10.0, between(0.0, std::log10(50'000.0)));
}

Point RandomPlace::inside(Point centre, double radius_m) {
  while (true) {
    const bool is_on_rim = whole_between(0, 1) == 0;
    const double share = is_on_rim ? 1.0 : std::sqrt(between(0.0, 1.0));
    // Half of the bearings are along an axis, where a circle sticks out of a cell the least.
    const double bearing =
        whole_between(0, 1) == 0 ? 90.0 * whole_between(0, 3) : between(0.0, 360.0);
    const Point point = travel(centre, bearing, radius_m * share);
    if (geo::distance_m(centre, point) <= radius_m) return point;
  }
}

std::uint32_t choose_seed() {
  const unsigned given = Catch::rngSeed();
  return given != 0 ? given : std::random_device{}();
}

Point travel(Point start, double bearing, double distance_m) {
  constexpr double kRadians = std::numbers::pi / 180.0;
  const double angle = distance_m / geo::kEarthRadius_m;
  const double lat = start.lat * kRadians;
  const double sin_end = std::sin(lat) * std::cos(angle) +
                         std::cos(lat) * std::sin(angle) * std::cos(bearing * kRadians);
  const double end = std::asin(std::clamp(sin_end, -1.0, 1.0));
  const double turn = std::atan2(std::sin(bearing * kRadians) * std::sin(angle) * std::cos(lat),
                                 std::cos(angle) - std::sin(lat) * sin_end);
  return {end / kRadians, std::remainder(start.lon + turn / kRadians, 360.0)};
}

}  // namespace geo_test
