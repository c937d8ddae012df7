#include "geo/distance.hpp"

#include "geo/cell.hpp"
#include "unit/geo/random_place.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <numbers>

using geo::Box;
using geo::distance_m;
using geo::Point;
using geo_test::RandomPlace;

namespace {

constexpr double kHalfWorld_m = std::numbers::pi * geo::kEarthRadius_m;

struct Extremes {
  double nearest_m;
  double farthest_m;
};

/// What dense sampling of the edges finds. They decide, unless `from` or its antipode is inside.
Extremes sample(Point from, const Box& box) {
  constexpr int kSteps = 200;
  Extremes found{std::numeric_limits<double>::infinity(), 0.0};
  for (int step = 0; step <= kSteps; ++step) {
    const double share = static_cast<double>(step) / kSteps;
    const double lat = box.south + (box.north - box.south) * share;
    const double lon = box.west + (box.east - box.west) * share;
    for (const Point point : {Point{lat, box.west},
                              Point{lat, box.east},
                              Point{box.south, lon},
                              Point{box.north, lon}}) {
      const double distance = distance_m(from, point);
      found.nearest_m = std::min(found.nearest_m, distance);
      found.farthest_m = std::max(found.farthest_m, distance);
    }
  }
  return found;
}

/// How far apart two neighbouring samples can be; no bound can be checked more closely than that.
double sampling_step_m(const Box& box) {
  const double degrees = std::max(box.north - box.south, box.east - box.west);
  return degrees / 180.0 * kHalfWorld_m / 200.0;
}

}  // namespace

TEST_CASE("known distances come out right", "[unit][geo]") {
  CHECK(distance_m({0.0, 0.0}, {0.0, 90.0}) == Approx(kHalfWorld_m / 2.0));
  CHECK(distance_m({90.0, 12.0}, {-90.0, -77.0}) == Approx(kHalfWorld_m));
  CHECK(distance_m({0.0, 0.0}, {1.0, 0.0}) == Approx(kHalfWorld_m / 180.0));
  // Palermo to Catania as the manual of Redis has it, whose sphere is larger, and which rounds
  // positions to 52 bits: 0.6 m at most.
  const double redis_m = 166274.1516 * geo::kEarthRadius_m / 6372797.560856;
  CHECK(distance_m({38.115556, 13.361389}, {37.502669, 15.087269}) == Approx(redis_m).margin(0.6));
}

TEST_CASE("the two names of the antimeridian, and all names of a pole, are one place",
          "[unit][geo]") {
  CHECK(distance_m({10.0, 180.0}, {10.0, -180.0}) < 1e-6);
  CHECK(distance_m({90.0, 0.0}, {90.0, 123.0}) < 1e-6);
  CHECK(distance_m({0.0, 179.999}, {0.0, -179.999}) == Approx(kHalfWorld_m / 90'000.0));
}

TEST_CASE("half the world round is measured where rounding makes the haversine more than 1",
          "[unit][geo]") {
  CHECK(distance_m({59.061336904678484, 140.81214602160094},
                   {-59.061336829553504, -39.187854044414841}) == Approx(kHalfWorld_m));
  CHECK(distance_m({58.094806864149973, -37.541322081243578},
                   {-58.094806785694395, 142.45867790150484}) == Approx(kHalfWorld_m));
}

TEST_CASE("a millimetre is still measured", "[unit][geo]") {
  CHECK(distance_m({51.5, -0.1}, {51.5, -0.1}) == 0.0);
  CHECK(distance_m({51.5, -0.1}, {51.5 + 9e-9, -0.1}) == Approx(0.001).epsilon(0.01));
}

TEST_CASE("no point of a cell is nearer or farther than the cell's bounds say", "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  for (int round = 0; round < 1'500; ++round) {
    const Point from = random.anywhere();
    // Half of the cells are close to `from`: there the cases meet.
    const Point near = random.inside(from, random.radius_m());
    const bool is_near = random.whole_between(0, 1) == 0;
    const geo::Cell cell =
        geo::cell_of(is_near ? near : random.anywhere(), random.whole_between(1, 8));
    const Box box = cell.bounds();
    CAPTURE(from.lat, from.lon, cell.text());

    const double nearest = geo::min_distance_m(from, box);
    const double farthest = geo::max_distance_m(from, box);
    const Extremes sampled = sample(from, box);
    const Point antipode{-from.lat, from.lon > 0.0 ? from.lon - 180.0 : from.lon + 180.0};

    // Distances close to half the world round by decimetres, all others by less than a micrometre.
    const double rounding = sampled.farthest_m > 0.99 * kHalfWorld_m ? 0.5 : 1e-6;
    CHECK(nearest <= sampled.nearest_m + rounding);
    CHECK(farthest >= sampled.farthest_m - rounding);
    if (box.contains(from)) {
      CHECK(nearest == 0.0);
    } else {
      CHECK(nearest >= sampled.nearest_m - sampling_step_m(box));
    }
    if (box.contains(antipode)) {
      CHECK(farthest == Approx(kHalfWorld_m));
    } else {
      CHECK(farthest <= sampled.farthest_m + sampling_step_m(box));
    }
  }
}
