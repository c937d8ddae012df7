#include "geo/cell.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

// Latitude, longitude, a number of letters, then any text as a geohash.

const fuzz::Target fuzz::target{.name = "cell", .mutations = 10'000};

namespace {

using base::check;
using geo::Cell;
using geo::Direction;
using geo::Point;

/// Whether `cell` owns `point`: south and west edges, and the world's own north and east.
bool owns(const Cell& cell, Point point) {
  const geo::Box box = cell.bounds();
  const bool is_lat = point.lat < box.north || (box.north == 90.0 && point.lat == 90.0);
  const bool is_lon = point.lon < box.east || (box.east == 180.0 && point.lon == 180.0);
  return box.contains(point) && is_lat && is_lon;
}

void check_cell(Point point, int letters) {
  const Cell cell = geo::cell_of(point, letters);
  check(owns(cell, point), "a point is in its cell");
  check(owns(cell, cell.centre()), "a cell holds its centre");
  check(geo::snap(geo::snap(point, letters), letters) == geo::snap(point, letters),
        "snapping again changes nothing");
  check(geo::parse_cell(cell.text()) == cell, "a cell's text is that cell");
  check(cell.text().size() == static_cast<std::size_t>(letters), "a text has all letters");
  for (int shorter = 1; shorter <= letters; ++shorter) {
    check(geo::cell_of(point, shorter) == cell.parent(shorter), "parents hold the same point");
    check(cell.parent(shorter).contains(cell), "a parent contains its cell");
  }
}

void check_neighbours(const Cell& cell) {
  for (int direction = 0; direction < 8; ++direction) {
    const auto there = geo::neighbour(cell, Direction{direction});
    if (!there) {
      const geo::Box box = cell.bounds();
      check(box.north == 90.0 || box.south == -90.0, "only beyond a pole there is no neighbour");
      continue;
    }
    check(there->letters() == cell.letters(), "a neighbour is as large");
    check(geo::neighbour(*there, Direction{(direction + 4) % 8}) == cell, "and sees us back");
  }
}

/// The corners of a cell and the doubles right beside them: where rounding would show.
void check_corners(const Cell& cell) {
  const geo::Box box = cell.bounds();
  for (const double lat : {box.south, box.north}) {
    for (const double lon : {box.west, box.east}) {
      for (const double away : {-std::numeric_limits<double>::infinity(), 0.0, 1e9}) {
        const auto corner = geo::make_point(away == 0.0 ? lat : std::nextafter(lat, away),
                                            away == 0.0 ? lon : std::nextafter(lon, away));
        if (corner) check_cell(*corner, cell.letters());
      }
    }
  }
}

void check_text(std::string_view text) {
  const auto cell = geo::parse_cell(text);
  if (!cell) return;
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  check(cell->text() == lower, "a geohash that is read has the same text");
  check_corners(*cell);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const double lat = words.real();
  const double lon = words.real();
  const int letters = static_cast<int>(words.integer(1, Cell::kLettersMax));
  check_text(words.rest());

  const auto point = geo::make_point(lat, lon);
  const bool is_place = lat >= -90.0 && lat <= 90.0 && lon >= -180.0 && lon <= 180.0;
  check(point.has_value() == is_place, "a place is two numbers in range, and nothing else");
  if (!point) return 0;
  check_cell(*point, letters);
  check_neighbours(geo::cell_of(*point, letters));
  check_corners(geo::cell_of(*point, letters));
  return 0;
}
