#include "geo/cover.hpp"
#include "unit/geo/random_place.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using geo::bounding_boxes;
using geo::Box;
using geo::Point;
using geo_test::RandomPlace;

namespace {

bool contain(const std::vector<Box>& boxes, Point point) {
  return std::any_of(
      boxes.begin(), boxes.end(), [&](const Box& box) { return box.contains(point); });
}

}  // namespace

TEST_CASE("the boxes of a circle contain every point of it", "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  for (int round = 0; round < 1'000; ++round) {
    const Point centre = random.anywhere();
    const double radius_m =
        random.whole_between(0, 3) == 0 ? random.between(5e4, 1e7) : random.radius_m();
    const auto boxes = bounding_boxes(centre, radius_m);
    CAPTURE(centre.lat, centre.lon, radius_m);
    CHECK((boxes.size() == 1 || boxes.size() == 2));
    for (const Box& box : boxes) {
      CHECK((-90.0 <= box.south && box.south <= box.north && box.north <= 90.0));
      CHECK((-180.0 <= box.west && box.west <= box.east && box.east <= 180.0));
    }
    for (int count = 0; count < 40; ++count) {
      const Point point = random.inside(centre, radius_m);
      CAPTURE(point.lat, point.lon);
      CHECK(contain(boxes, point));
    }
  }
}

TEST_CASE("the box of an ordinary circle is one, and tight", "[unit][geo]") {
  const auto boxes = bounding_boxes({60.0, 10.0}, 8'000.0);
  REQUIRE(boxes.size() == 1);
  CHECK(boxes[0].north - boxes[0].south == Approx(0.1439).epsilon(1e-3));
  CHECK(boxes[0].east - boxes[0].west == Approx(0.2878).epsilon(1e-3));
  // A large one on the equator is as wide as it is high.
  const auto large = bounding_boxes({0.0, 10.0}, 5'000'000.0);
  REQUIRE(large.size() == 1);
  CHECK(large[0].east - large[0].west == Approx(large[0].north - large[0].south));
}

TEST_CASE("a circle that reaches the antimeridian has a box on each side", "[unit][geo]") {
  for (const double lon : {179.99, -179.99, 180.0, -180.0}) {
    CAPTURE(lon);
    const auto boxes = bounding_boxes({0.0, lon}, 5'000.0);
    REQUIRE(boxes.size() == 2);
    CHECK(boxes[0].west == -180.0);
    CHECK(boxes[1].east == 180.0);
    CHECK(contain(boxes, {0.0, 180.0}));
    CHECK(contain(boxes, {0.0, -180.0}));
    CHECK_FALSE(contain(boxes, {0.0, 179.8}));
    CHECK_FALSE(contain(boxes, {0.0, 0.0}));
  }
}

TEST_CASE("a circle that contains a pole has all longitudes", "[unit][geo]") {
  for (const double sign : {1.0, -1.0}) {
    const auto boxes = bounding_boxes({sign * 89.99, 5.0}, 5'000.0);
    REQUIRE(boxes.size() == 1);
    CHECK(boxes[0].west == -180.0);
    CHECK(boxes[0].east == 180.0);
    CHECK((sign > 0.0 ? boxes[0].north : boxes[0].south) == sign * 90.0);
    CHECK(contain(boxes, {sign * 89.99, -175.0}));
    CHECK_FALSE(contain(boxes, {sign * 89.9, 5.0}));
  }
}
