#include "geo/cell.hpp"

#include "unit/geo/random_place.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

using geo::Box;
using geo::Cell;
using geo::cell_of;
using geo::Direction;
using geo::neighbour;
using geo::parse_cell;
using geo::Point;
using geo_test::RandomPlace;

namespace {

Cell cell(std::string_view text) {
  const auto parsed = parse_cell(text);
  REQUIRE(parsed);
  return *parsed;
}

constexpr double kSmallest = 5e-324;

}  // namespace

TEST_CASE("text that is no geohash is refused", "[unit][geo]") {
  for (const char* text :
       {"", "a", "i", "l", "o", "9q8a", "9q 8", "9q8yykkkkkkkk", "é", "-", "+"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cell(text));
  }
  CHECK_FALSE(parse_cell(std::string_view{"9\0q", 3}));
}

TEST_CASE("upper case is read as lower case", "[unit][geo]") {
  CHECK(cell("9Q8YYKBZ").text() == "9q8yykbz");
  CHECK_FALSE(parse_cell("9Q8A"));
}

TEST_CASE("a point on an edge is in the cell north and east of it", "[unit][geo]") {
  CHECK(cell_of({0.0, 0.0}, 5).text() == "s0000");
  CHECK(cell_of({-0.0, -0.0}, 5).text() == "s0000");
  CHECK(cell_of({-kSmallest, 0.0}, 5).text() == "kpbpb");
  CHECK(cell_of({0.0, -kSmallest}, 12).text() == "ebpbpbpbpbpb");
  CHECK(cell_of({45.0, std::nextafter(45.0, 0.0)}, 1).text() == "u");
}

TEST_CASE("an edge and the numbers beside it fall into the right cells", "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  for (int round = 0; round < 3'000; ++round) {
    const Point point{random.between(-90.0, 90.0), random.between(-180.0, 180.0)};
    const Cell home = cell_of(point, random.whole_between(1, 12));
    const Box box = home.bounds();
    CAPTURE(home.text());
    CHECK(cell_of({box.south, box.west}, home.letters()) == home);
    const Point last{std::nextafter(box.north, -90.0), std::nextafter(box.east, -180.0)};
    CHECK(cell_of(last, home.letters()) == home);
    if (box.west > -180.0) {
      const double beyond = std::nextafter(box.west, -180.0);
      CHECK(cell_of({box.south, beyond}, home.letters()) == neighbour(home, Direction::kWest));
    }
    if (box.north < 90.0) {
      CHECK(cell_of({box.north, box.west}, home.letters()) == neighbour(home, Direction::kNorth));
    }
  }
}

TEST_CASE("a cell contains what was encoded, and its parent is the shorter encoding",
          "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  for (int round = 0; round < 2'000; ++round) {
    const Point point = random.anywhere();
    const Cell leaf = cell_of(point, Cell::kLettersMax);
    CAPTURE(point.lat, point.lon, leaf.text());
    CHECK(leaf.bounds().contains(point));
    const int letters = random.whole_between(1, 12);
    const Cell parent = leaf.parent(letters);
    CHECK(parent == cell_of(point, letters));
    CHECK(parent.text() == leaf.text().substr(0, static_cast<std::size_t>(letters)));
    CHECK(parent.contains(leaf));
    CHECK(leaf.contains(parent) == (letters == Cell::kLettersMax));
    CHECK(cell_of(parent.centre(), letters) == parent);
  }
}

TEST_CASE("cells are ordered as their texts are", "[unit][geo]") {
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  for (int round = 0; round < 2'000; ++round) {
    const Cell a = cell_of(random.anywhere(), random.whole_between(1, 12));
    const Cell b = random.whole_between(0, 1) == 0
                       ? a.parent(random.whole_between(1, a.letters()))
                       : cell_of(random.anywhere(), random.whole_between(1, 12));
    CAPTURE(a.text(), b.text());
    CHECK((a < b) == (a.text() < b.text()));
    CHECK((a == b) == (a.text() == b.text()));
  }
}

TEST_CASE("the way back from a neighbour leads home, also over the antimeridian", "[unit][geo]") {
  using enum Direction;
  constexpr std::array kThereAndBack{std::pair{kNorth, kSouth},
                                     std::pair{kNorthEast, kSouthWest},
                                     std::pair{kEast, kWest},
                                     std::pair{kSouthEast, kNorthWest}};
  const auto seed = geo_test::choose_seed();
  CAPTURE(seed);
  RandomPlace random{seed};
  for (int round = 0; round < 1'000; ++round) {
    const Cell home = cell_of(random.anywhere(), random.whole_between(1, 12));
    for (const auto& [there, back] : kThereAndBack) {
      CAPTURE(home.text());
      const auto away = neighbour(home, there);
      const bool is_beyond_pole = there == kSouthEast ? home.bounds().south == -90.0
                                  : there == kEast    ? false
                                                      : home.bounds().north == 90.0;
      CHECK(away.has_value() == !is_beyond_pole);
      if (away) CHECK(neighbour(*away, back) == home);
    }
  }
}

TEST_CASE("the children of a cell divide it without a gap", "[unit][geo]") {
  const Cell home = cell("9q8yyk");
  const auto children = home.children();
  REQUIRE(children.size() == 32);
  CHECK(std::is_sorted(children.begin(), children.end()));
  double area = 0.0;
  for (const Cell& child : children) {
    CHECK(home.contains(child));
    CHECK(child.parent(6) == home);
    const Box box = child.bounds();
    area += (box.north - box.south) * (box.east - box.west);
  }
  const Box whole = home.bounds();
  CHECK(area == (whole.north - whole.south) * (whole.east - whole.west));
  CHECK(geo::one_letter_cells().size() == 32);
}

TEST_CASE("a snapped point is the centre of its cell, and snapping again changes nothing",
          "[unit][geo]") {
  const Point snapped = geo::snap({37.7793, -122.4193});
  CHECK(cell_of(snapped, 7) == cell_of({37.7793, -122.4193}, 7));
  CHECK(snapped == cell_of({37.7793, -122.4193}, 7).centre());
  CHECK(geo::snap(snapped) == snapped);
  CHECK(geo::snap({37.7793, -122.4193}, 5) == cell("9q8yy").centre());
}
