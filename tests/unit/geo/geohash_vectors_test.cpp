// The vectors that every port shares: tests/data/README.md says where they come from.
#include "geo/cell.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Row = std::vector<std::string>;

std::vector<Row> rows_of(const std::string& file) {
  std::ifstream lines{std::string{EARSHOT_SOURCE_DIR} + "/tests/data/" + file};
  std::vector<Row> rows;
  std::string line;
  std::getline(lines, line);  // the header
  while (std::getline(lines, line)) {
    Row row;
    std::istringstream fields{line};
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
    rows.push_back(row);
  }
  return rows;
}

template <class Number>
Number number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  REQUIRE(error == std::errc{});
  REQUIRE(end == text.data() + text.size());
  return value;
}

}  // namespace

TEST_CASE("every geohash vector is encoded as PostGIS encodes it", "[unit][geo]") {
  const auto rows = rows_of("geohash_vectors.csv");
  REQUIRE(rows.size() == 5426);
  for (const Row& row : rows) {
    REQUIRE(row.size() == 6);
    INFO(row[0] << ", " << row[1]);
    // Not through make_point(), so that -0 arrives as -0.
    const geo::Point point{number<double>(row[0]), number<double>(row[1])};
    const geo::Cell cell = geo::cell_of(point, number<int>(row[2]));
    CHECK(cell.text() == row[3]);
    CHECK(cell.bounds().contains(point));
    CHECK(geo::parse_cell(row[3]) == cell);
  }
}

TEST_CASE("every neighbour vector agrees, and beyond a pole there is none", "[unit][geo]") {
  using enum geo::Direction;
  constexpr std::array kColumns{
      kNorth, kNorthEast, kEast, kSouthEast, kSouth, kSouthWest, kWest, kNorthWest};
  const auto rows = rows_of("geohash_neighbors.csv");
  REQUIRE(rows.size() == 861);
  for (const Row& row : rows) {
    REQUIRE(row.size() == 10);
    const auto cell = geo::parse_cell(row[0]);
    REQUIRE(cell);
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      const auto found = geo::neighbour(*cell, kColumns[column]);
      INFO(row[0] << ", column " << column + 1);
      CHECK((found ? found->text() : "") == row[column + 1]);
      CHECK(found == geo::parse_cell(row[column + 1]));
    }
  }
}

TEST_CASE("well-known geohashes come out as published", "[unit][geo]") {
  const auto text = [](double lat, double lon, int letters) {
    return geo::cell_of({lat, lon}, letters).text();
  };
  CHECK(text(57.64911, 10.40744, 11) == "u4pruydqqvj");
  CHECK(text(42.605, -5.603, 5) == "ezs42");
  CHECK(text(37.7853074, -122.4054274, 12) == "9q8yywe56gcf");
  CHECK(text(38.98719, -77.250783, 12) == "dqcjf17sy6cp");
  CHECK(text(-54.933333, -67.616667, 12) == "4qpzmren1kwb");
  CHECK(text(48.0, -126.0, 12) == "c0w3hf1s70w3");
  CHECK(text(90.0, 180.0, 5) == "zzzzz");
  CHECK(text(-90.0, 180.0, 5) == "pbpbp");
  CHECK(text(90.0, -180.0, 5) == "bpbpb");
  CHECK(text(-90.0, -180.0, 5) == "00000");
}
