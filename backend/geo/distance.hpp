#pragma once

#include "geo/point.hpp"

namespace geo {

/// The one sphere of the whole system: C++, SQL and TypeScript use this figure.
///
/// Units: metres; the mean radius of the Earth. Distances differ from those on the WGS84 ellipsoid
/// by at most 0.56 %.
/// Source: IUGG mean radius R1 of GRS80.
inline constexpr double kEarthRadius_m = 6371008.8;

/// The great-circle distance.
///
/// Source: haversine formula (R. W. Sinnott, "Virtues of the Haversine", 1984), which keeps its
/// precision for points a metre apart.
[[nodiscard]] double distance_m(Point a, Point b) noexcept;

/// How far `from` is from the nearest point of `box`; 0 inside. Right at the poles and across the
/// antimeridian.
[[nodiscard]] double min_distance_m(Point from, const Box& box) noexcept;

/// How far `from` is from the farthest point of `box`; so a box is inside a circle if this is at
/// most the radius.
[[nodiscard]] double max_distance_m(Point from, const Box& box) noexcept;

}  // namespace geo
