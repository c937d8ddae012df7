#pragma once

#include "geo/point.hpp"

#include <cstdint>
#include <random>

namespace geo_test {

/// Random places and circles, with more of the hard ones than chance would give: poles, the
/// antimeridian, cell corners.
class RandomPlace {
 public:
  explicit RandomPlace(std::uint32_t seed) : engine_{seed} {}

  [[nodiscard]] double between(double low, double high);
  [[nodiscard]] int whole_between(int low, int high);

  [[nodiscard]] geo::Point anywhere();
  [[nodiscard]] geo::Point on_cell_corner();

  /// Metres in [1, 50,000], as many small ones as large ones.
  [[nodiscard]] double radius_m();

  /// A point at most `radius_m` from `centre` by distance_m(); often on the rim or just inside.
  [[nodiscard]] geo::Point inside(geo::Point centre, double radius_m);

 private:
  std::mt19937_64 engine_;
};

/// A new seed for each run, or the one of `--rng-seed`. A test shows it with CAPTURE.
[[nodiscard]] std::uint32_t choose_seed();

/// The point reached from `start` after `distance_m` in direction `bearing` (degrees from north).
[[nodiscard]] geo::Point travel(geo::Point start, double bearing, double distance_m);

}  // namespace geo_test
