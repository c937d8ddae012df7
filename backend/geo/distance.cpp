#include "geo/distance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace geo {
namespace {

constexpr double kRadiansPerDegree = std::numbers::pi / 180.0;

double radians(double degrees) noexcept {
  return degrees * kRadiansPerDegree;
}
double degrees(double radians) noexcept {
  return radians / kRadiansPerDegree;
}

/// How far two angles are apart on the circle, in [0, 180] degrees.
double angle_between(double a, double b) noexcept {
  return std::abs(std::remainder(a - b, 360.0));
}

/// The longitude of `box` that is nearest to `lon`, either way round the world.
double nearest_lon(double lon, const Box& box) noexcept {
  if (box.west <= lon && lon <= box.east) return lon;
  return angle_between(lon, box.west) <= angle_between(lon, box.east) ? box.west : box.east;
}

/// The point of `box` nearest to `from`: on the meridian with the nearest longitude.
///
/// Along a meridian the cosine of the distance is A cos(lat - foot), A >= 0, where foot is where
/// the perpendicular meets the meridian's great circle. So the nearest latitude is the foot if the
/// box has it, otherwise the edge closer to it in angle. The foot lies beyond a pole if the
/// meridian is more than 90 degrees away; the rule stays the same. Source: Schubert, Zimek,
/// Kriegel, "Geodetic Distance Queries on R-Trees", SSTD 2013.
Point nearest_point(Point from, const Box& box) noexcept {
  const double lon = nearest_lon(from.lon, box);
  if (lon == from.lon) return {std::clamp(from.lat, box.south, box.north), lon};
  const double lat = radians(from.lat);
  const double foot =
      degrees(std::atan2(std::sin(lat), std::cos(lat) * std::cos(radians(lon - from.lon))));
  if (box.south <= foot && foot <= box.north) return {foot, lon};
  const bool is_south_nearer = angle_between(foot, box.south) < angle_between(foot, box.north);
  return {is_south_nearer ? box.south : box.north, lon};
}

}  // namespace

double distance_m(Point a, Point b) noexcept {
  const double sin_lat = std::sin(radians(b.lat - a.lat) / 2.0);
  const double sin_lon = std::sin(radians(b.lon - a.lon) / 2.0);
  const double h =
      sin_lat * sin_lat + std::cos(radians(a.lat)) * std::cos(radians(b.lat)) * sin_lon * sin_lon;
  return 2.0 * kEarthRadius_m * std::asin(std::min(1.0, std::sqrt(h)));
}

double min_distance_m(Point from, const Box& box) noexcept {
  return distance_m(from, nearest_point(from, box));
}

double max_distance_m(Point from, const Box& box) noexcept {
  // What is farthest from a point is nearest to its antipode.
  const Point antipode{-from.lat, from.lon > 0.0 ? from.lon - 180.0 : from.lon + 180.0};
  return distance_m(from, nearest_point(antipode, box));
}

}  // namespace geo
