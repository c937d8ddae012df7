#include "geo/cover.hpp"

#include "geo/distance.hpp"
#include "unit/geo/random_place.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <string>
#include <vector>

using geo::Box;
using geo::Cell;
using geo::cover;
using geo::CoverLimits;
using geo::Point;
using geo_test::RandomPlace;

namespace {

bool is_covered(const std::vector<Cell>& cells, Point point) {
  const Cell leaf = geo::cell_of(point, Cell::kLettersMax);
  return std::any_of(
      cells.begin(), cells.end(), [&](const Cell& cell) { return cell.contains(leaf); });
}

/// Cells are sorted, so one that contains another stands right before it or before a sibling.
bool are_sorted_and_disjoint(const std::vector<Cell>& cells) {
  return std::adjacent_find(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
           return a >= b || a.contains(b);
         }) == cells.end();
}

bool has_all_children_of_one(const std::vector<Cell>& cells, int letters_min) {
  std::multiset<Cell> parents;
  for (const Cell& cell : cells) {
    if (cell.letters() > letters_min) parents.insert(cell.parent(cell.letters() - 1));
  }
  return std::any_of(
      parents.begin(), parents.end(), [&](const Cell& cell) { return parents.count(cell) == 32; });
}

/// Every cell of four letters that a circle of at most 50 km touches, found by looking at each.
std::set<Cell> cells_touched(Point centre, double radius_m) {
  constexpr int kPerSide = 1024;  // Ten bits each of latitude and longitude.
  std::set<Cell> touched;
  for (int row = 0; row < kPerSide; ++row) {
    const double lat = -90.0 + (row + 0.5) * 180.0 / kPerSide;
    if (std::abs(lat - centre.lat) > 1.0) continue;
    for (int column = 0; column < kPerSide; ++column) {
      const double lon = -180.0 + (column + 0.5) * 360.0 / kPerSide;
      const Cell cell = geo::cell_of({lat, lon}, 4);
      // A cover has a millimetre to spare.
      if (geo::min_distance_m(centre, cell.bounds()) <= radius_m + 0.001) touched.insert(cell);
    }
  }
  return touched;
}

double area_m2(const std::vector<Cell>& cells) {
  constexpr double kRadians = std::numbers::pi / 180.0;
  double area = 0.0;
  for (const Cell& cell : cells) {
    const Box box = cell.bounds();
    area += (std::sin(box.north * kRadians) - std::sin(box.south * kRadians)) *
            (box.east - box.west) * kRadians;
  }
  return area * geo::kEarthRadius_m * geo::kEarthRadius_m;
}

}  // namespace

TEST_CASE("a cover contains every point of its circle, within its limits", "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  int covered = 0;
  for (int round = 0; round < 400; ++round) {
    const Point centre = random.anywhere();
    const double radius_m = random.radius_m();
    CAPTURE(centre.lat, centre.lon, radius_m);
    const auto cells = cover(centre, radius_m);
    if (!cells) continue;
    ++covered;
    CHECK(cells->size() <= 32);
    CHECK(are_sorted_and_disjoint(*cells));
    CHECK_FALSE(has_all_children_of_one(*cells, 4));
    for (const Cell& cell : *cells) {
      CHECK(cell.letters() >= 4);
      CHECK(cell.letters() <= 7);
      CHECK(geo::min_distance_m(centre, cell.bounds()) <= radius_m + 0.002);
    }
    for (int point_count = 0; point_count < 100; ++point_count) {
      const Point point = random.inside(centre, radius_m);
      CAPTURE(point.lat, point.lon);
      CHECK(is_covered(*cells, point));
    }
  }
  CHECK(covered > 200);
}

TEST_CASE("with room enough, circles over the poles are covered too", "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  const CoverLimits from_one_letter{.letters_min = 1};
  for (int round = 0; round < 200; ++round) {
    const Point centre = random.anywhere();
    const double radius_m = std::pow(10.0, random.between(0.0, 7.0));
    CAPTURE(centre.lat, centre.lon, radius_m);
    const auto cells = cover(centre, radius_m, from_one_letter);
    REQUIRE(cells);
    CHECK(cells->size() <= 32);
    CHECK(are_sorted_and_disjoint(*cells));
    CHECK_FALSE(has_all_children_of_one(*cells, 1));
    for (int point_count = 0; point_count < 100; ++point_count) {
      const Point point = random.inside(centre, radius_m);
      CAPTURE(point.lat, point.lon);
      CHECK(is_covered(*cells, point));
    }
  }
}

TEST_CASE("a cover says when it cannot be had", "[unit][geo]") {
  CHECK_FALSE(cover({90.0, 0.0}, 8'000.0));
  CHECK_FALSE(cover({-90.0, 17.0}, 1.0));
  CHECK_FALSE(cover({89.9, 12.0}, 20'000.0));
  CHECK_FALSE(cover({0.0, 0.0}, 1'000.0, {.cells_max = 3}));

  SECTION("and only then: the cells of the shortest allowed length really are too many") {
    // Two of these are touched so barely that of 20,000 points of the circle none lay in them.
    CHECK_FALSE(cover({88.2990254901, -22.7091204738}, 10'113.6137988555));
    CHECK(cells_touched({88.2990254901, -22.7091204738}, 10'113.6137988555).size() == 34);

    const auto seed = geo_test::choose_seed();
    CAPTURE(seed);
    RandomPlace random{seed};
    for (int round = 0; round < 40; ++round) {
      const Point centre{random.between(-90.0, 90.0), random.between(-180.0, 180.0)};
      const double radius_m = random.between(10'000.0, 50'000.0);
      CAPTURE(centre.lat, centre.lon, radius_m);
      CHECK(cover(centre, radius_m).has_value() == (cells_touched(centre, radius_m).size() <= 32));
    }
  }
}

TEST_CASE("a circle over the antimeridian has cells on both sides", "[unit][geo]") {
  const auto cells = cover({-17.0, 180.0}, 5'000.0);
  REQUIRE(cells);
  CHECK(is_covered(*cells, {-17.0, 179.99}));
  CHECK(is_covered(*cells, {-17.0, -179.99}));
  CHECK(is_covered(*cells, {-17.0, 180.0}));
  CHECK(is_covered(*cells, {-17.0, -180.0}));
}

TEST_CASE("a circle of no size is the one smallest cell around it", "[unit][geo]") {
  const Point here = geo::snap({37.7793, -122.4193});
  CHECK(cover(here, 0.0) == std::vector<Cell>{geo::cell_of(here, 7)});
}

TEST_CASE("a cover of a town is less than twice its circle", "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  constexpr int kCircles = 60;
  for (const double radius_m : {1'000.0, 8'000.0}) {
    double ratio = 0.0;
    for (int round = 0; round < kCircles; ++round) {
      const Point centre{random.between(35.0, 55.0), random.between(-180.0, 180.0)};
      const auto cells = cover(centre, radius_m);
      REQUIRE(cells);
      ratio += area_m2(*cells) / (std::numbers::pi * radius_m * radius_m) / kCircles;
    }
    CAPTURE(radius_m);
    CHECK(ratio > 1.0);
    CHECK(ratio < 1.8);
  }
}
