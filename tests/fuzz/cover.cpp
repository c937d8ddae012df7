#include "geo/cover.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "geo/distance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

// Latitude, longitude, radius, and how short the cells may be.

const fuzz::Target fuzz::target{.name = "cover", .mutations = 1'500};

namespace {

using base::check;
using geo::Cell;
using geo::Point;

constexpr double kRadians = std::numbers::pi / 180.0;

/// The place reached from `start` in direction `bearing`, in degrees from north.
Point travel(Point start, double bearing, double distance_m) {
  const double angle = distance_m / geo::kEarthRadius_m;
  const double lat = start.lat * kRadians;
  const double sin_end =
      std::clamp(std::sin(lat) * std::cos(angle) +
                     std::cos(lat) * std::sin(angle) * std::cos(bearing * kRadians),
                 -1.0,
                 1.0);
  const double turn = std::atan2(std::sin(bearing * kRadians) * std::sin(angle) * std::cos(lat),
                                 std::cos(angle) - std::sin(lat) * sin_end);
  return {std::asin(sin_end) / kRadians, std::remainder(start.lon + turn / kRadians, 360.0)};
}

/// The centre, and 16 directions at a few distances, as far as they are in the circle.
std::vector<Point> points_of(Point centre, double radius_m) {
  std::vector<Point> points{centre};
  for (int step = 0; step < 16; ++step) {
    for (const double share : {0.3, 0.9, 1.0}) {
      const Point point = travel(centre, step * 22.5, radius_m * share);
      if (geo::distance_m(centre, point) <= radius_m) points.push_back(point);
    }
  }
  return points;
}

void check_cells(const std::vector<Cell>& cells, const geo::CoverLimits& limits) {
  check(!cells.empty() && cells.size() <= 32, "a cover has 1 to 32 cells");
  for (std::size_t at = 0; at < cells.size(); ++at) {
    check(cells[at].letters() >= limits.letters_min && cells[at].letters() <= limits.letters_max,
          "a cell's length is within the limits");
    check(at == 0 || (cells[at - 1] < cells[at] && !cells[at - 1].contains(cells[at])),
          "cells are in order and disjoint");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const double lat = words.real();
  const auto centre = geo::make_point(lat, words.real());
  const double radius_m = words.real();
  if (!centre || !(radius_m >= 0.0 && radius_m <= geo::kCircleRadiusMax_m)) return 0;
  const geo::CoverLimits limits{.letters_min = static_cast<int>(words.integer(1, 4))};

  const std::vector<Point> points = points_of(*centre, radius_m);
  const auto cells = geo::cover(*centre, radius_m, limits);
  check(cells || limits.letters_min > 1, "with room enough every circle has a cover");
  const std::vector<geo::Box> boxes = geo::bounding_boxes(*centre, radius_m);
  check(boxes.size() == 1 || boxes.size() == 2, "there are one or two boxes");
  if (cells) check_cells(*cells, limits);
  for (const Point& point : points) {
    check(std::any_of(
              boxes.begin(), boxes.end(), [&](const geo::Box& box) { return box.contains(point); }),
          "the boxes hold the whole circle");
    const Cell leaf = geo::cell_of(point, Cell::kLettersMax);
    check(!cells || std::any_of(cells->begin(),
                                cells->end(),
                                [&](const Cell& cell) { return cell.contains(leaf); }),
          "a cover holds the whole circle");
  }
  return 0;
}
