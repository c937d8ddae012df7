#include "geo/cover.hpp"

#include "base/check.hpp"
#include "geo/distance.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <queue>
#include <utility>

namespace geo {
namespace {

// Rounding errors of distances are below a micrometre up to kCircleRadiusMax_m, so a circle a
// millimetre larger contains every point that distance_m() puts into the circle asked for.
constexpr double kSlack_m = 0.001;

struct Circle {
  Point centre;
  double radius_m;
};

Circle widened_circle(Point centre, double radius_m) {
  base::check(make_point(centre.lat, centre.lon).has_value(), "a point comes from make_point()");
  base::check(radius_m >= 0.0 && radius_m <= kCircleRadiusMax_m, "a circle's radius is in range");
  return {centre, radius_m + kSlack_m};
}

std::vector<Cell> touching(const std::vector<Cell>& cells, const Circle& circle) {
  std::vector<Cell> kept;
  for (const Cell& cell : cells) {
    if (min_distance_m(circle.centre, cell.bounds()) <= circle.radius_m) kept.push_back(cell);
  }
  return kept;
}

/// A cell of the cover, and what dividing it would mean.
struct Candidate {
  Cell cell;
  std::vector<Cell> parts;  // Its children that touch the circle.
  double gain;              // Area saved for each cell more; 0: nothing to gain.

  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.gain != b.gain ? a.gain < b.gain : a.cell > b.cell;
  }
};

Candidate make_candidate(const Cell& cell, const Circle& circle, int letters_max) {
  if (cell.letters() == letters_max) return {cell, {}, 0.0};
  const std::vector<Cell> children = cell.children();
  std::vector<Cell> parts = touching(children, circle);
  if (parts.size() <= 1) return {cell, std::move(parts), std::numeric_limits<double>::infinity()};
  const auto saved = static_cast<double>(children.size() - parts.size());
  const auto cost = static_cast<double>(parts.size() - 1);
  // A letter more is a 32nd of the area.
  const double gain = std::ldexp(saved / cost, -5 * cell.letters());
  return {cell, std::move(parts), gain};
}

/// Every cell of `letters` letters that touches the circle, or nothing if there are too many.
std::optional<std::vector<Cell>> coarsest_cells(const Circle& circle, const CoverLimits& limits) {
  std::vector<Cell> cells = touching(one_letter_cells(), circle);
  for (int letters = 1;; ++letters) {
    // No cell has fewer parts than one, so it never gets better further down.
    if (cells.size() > static_cast<std::size_t>(limits.cells_max)) return std::nullopt;
    if (letters == limits.letters_min) return cells;
    std::vector<Cell> finer;
    for (const Cell& cell : cells) {
      const std::vector<Cell> parts = touching(cell.children(), circle);
      finer.insert(finer.end(), parts.begin(), parts.end());
    }
    cells = std::move(finer);
  }
}

/// Divides cells, the most rewarding first, as long as the parts are not too many.
std::vector<Cell> refine(const std::vector<Cell>& cells,
                         const Circle& circle,
                         const CoverLimits& limits) {
  std::priority_queue<Candidate> candidates;
  for (const Cell& cell : cells) {
    candidates.push(make_candidate(cell, circle, limits.letters_max));
  }
  std::vector<Cell> done;
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    const std::size_t count = done.size() + candidates.size() + best.parts.size();
    if (best.gain > 0.0 && count <= static_cast<std::size_t>(limits.cells_max)) {
      for (const Cell& part : best.parts) {
        candidates.push(make_candidate(part, circle, limits.letters_max));
      }
    } else {
      done.push_back(best.cell);
    }
  }
  std::sort(done.begin(), done.end());
  return done;
}

}  // namespace

std::optional<std::vector<Cell>> cover(Point centre, double radius_m, const CoverLimits& limits) {
  base::check(limits.cells_max >= 1 && limits.cells_max <= 1024, "a cover has 1 to 1024 cells");
  base::check(1 <= limits.letters_min && limits.letters_min <= limits.letters_max &&
                  limits.letters_max <= Cell::kLettersMax,
              "a cover's cells have 1 to 12 letters");
  const Circle circle = widened_circle(centre, radius_m);
  const auto coarse = coarsest_cells(circle, limits);
  if (!coarse) return std::nullopt;
  return refine(*coarse, circle, limits);
}

std::vector<Box> bounding_boxes(Point centre, double radius_m) {
  const Circle circle = widened_circle(centre, radius_m);
  const double angle = circle.radius_m / kEarthRadius_m;
  constexpr double kDegrees = 180.0 / std::numbers::pi;
  const double south = centre.lat - angle * kDegrees;
  const double north = centre.lat + angle * kDegrees;
  if (south <= -90.0 || north >= 90.0) {
    return {{std::max(south, -90.0), -180.0, std::min(north, 90.0), 180.0}};
  }

  // Where a meridian touches the circle, which is nearer to the pole than the centre is.
  const double half_width =
      std::asin(std::min(1.0, std::sin(angle) / std::cos(centre.lat / kDegrees))) * kDegrees;
  const double west = centre.lon - half_width;
  const double east = centre.lon + half_width;
  // A circle that only touches 180 needs the other box too: the same points may be stored as -180.
  if (west <= -180.0) return {{south, -180.0, north, east}, {south, west + 360.0, north, 180.0}};
  if (east >= 180.0) return {{south, -180.0, north, east - 360.0}, {south, west, north, 180.0}};
  return {{south, west, north, east}};
}

}  // namespace geo
