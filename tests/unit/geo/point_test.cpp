#include "geo/point.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using geo::make_point;

TEST_CASE("a point is refused unless both coordinates are finite and in range", "[unit][geo]") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {kNan, kInfinity, -kInfinity, 91.0, -91.0, std::nextafter(90.0, 91.0)}) {
    CAPTURE(bad);
    CHECK_FALSE(make_point(bad, 0.0));
  }
  for (const double bad : {kNan, kInfinity, -kInfinity, 181.0, std::nextafter(-180.0, -181.0)}) {
    CAPTURE(bad);
    CHECK_FALSE(make_point(0.0, bad));
  }
}

TEST_CASE("the ends of the world are points", "[unit][geo]") {
  CHECK(make_point(90.0, 180.0) == geo::Point{90.0, 180.0});
  CHECK(make_point(-90.0, -180.0) == geo::Point{-90.0, -180.0});
}

TEST_CASE("a point has no negative zero, which would be printed as such", "[unit][geo]") {
  const auto point = make_point(-0.0, -0.0);
  REQUIRE(point);
  CHECK_FALSE(std::signbit(point->lat));
  CHECK_FALSE(std::signbit(point->lon));
}

TEST_CASE("a box includes its four sides and nothing beyond", "[unit][geo]") {
  const geo::Box box{.south = 1.0, .west = 2.0, .north = 3.0, .east = 4.0};
  CHECK(box.contains({1.0, 2.0}));
  CHECK(box.contains({3.0, 4.0}));
  CHECK_FALSE(box.contains({0.9, 3.0}));
  CHECK_FALSE(box.contains({3.1, 3.0}));
  CHECK_FALSE(box.contains({2.0, 1.9}));
  CHECK_FALSE(box.contains({2.0, 4.1}));
}
