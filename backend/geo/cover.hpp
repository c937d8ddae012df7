#pragma once

#include "geo/cell.hpp"
#include "geo/point.hpp"

#include <optional>
#include <vector>

namespace geo {

/// What a cover may consist of. The defaults are those of MQTT filters: a topic has seven letters,
/// and a filter must fix four of them.
struct CoverLimits {
  int cells_max = 32;   // [1, 1024]
  int letters_min = 4;  // [1, letters_max]
  int letters_max = 7;  // [letters_min, 12]
};

/// Larger circles than this quarter of the way round the world are not asked for by anybody, and
/// would need care that smaller ones do not.
inline constexpr double kCircleRadiusMax_m = 10'000'000.0;

/// Cells that contain the circle: every point at most `radius_m` from `centre` is in one of them.
///
/// Shape:  disjoint, in order, at most `cells_max`; never 32 siblings in place of their parent.
///         Nothing when the circle cannot be had within the limits: close to the poles, where cells
///         are narrow, and for large circles in high latitudes.
/// Limits: `radius_m` in [0, kCircleRadiusMax_m].
/// Source: the region coverer of S2 (best first, coarse to fine), here on geohash letters.
[[nodiscard]] std::optional<std::vector<Cell>> cover(Point centre,
                                                     double radius_m,
                                                     const CoverLimits& limits = {});

/// Boxes that contain the circle, for an index that knows only flat rectangles: two when the circle
/// reaches the antimeridian, all longitudes when it reaches a pole.
///
/// Shape:  one or two, disjoint.
/// Limits: as cover().
[[nodiscard]] std::vector<Box> bounding_boxes(Point centre, double radius_m);

}  // namespace geo
