#pragma once

#include <optional>

namespace geo {

/// A place on the sphere. Everything in `geo` expects one that make_point() would accept.
///
/// Units: degrees; `lat` in [-90, 90], `lon` in [-180, 180]. -180 and 180 are the same meridian.
struct Point {
  double lat;
  double lon;

  friend bool operator==(const Point&, const Point&) = default;
};

/// The only door for coordinates from outside: nothing when one is not finite or out of range.
///
/// Never wraps or clamps: 181 is a mistake of the sender, not a place. -0.0 becomes 0.0.
[[nodiscard]] std::optional<Point> make_point(double lat, double lon) noexcept;

/// A rectangle of latitudes and longitudes, all four sides included. It never crosses the
/// antimeridian: `west <= east`.
///
/// Units: degrees.
struct Box {
  double south;
  double west;
  double north;
  double east;

  [[nodiscard]] bool contains(Point point) const noexcept {
    return south <= point.lat && point.lat <= north && west <= point.lon && point.lon <= east;
  }

  friend bool operator==(const Box&, const Box&) = default;
};

}  // namespace geo
