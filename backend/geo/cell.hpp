#pragma once

#include "geo/point.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace geo {

enum class Direction {
  kNorth,
  kNorthEast,
  kEast,
  kSouthEast,
  kSouth,
  kSouthWest,
  kWest,
  kNorthWest
};

/// A geohash cell: one of the rectangles that 1 to 12 letters divide the world into.
///
/// A cell owns its south and west edges, and the last row and column also own 90 and 180, so every
/// point is in exactly one cell of each length. Cells are ordered as their texts are.
/// Source: ST_GeoHash of PostGIS 3.3.2, which gives the same text for every point.
class Cell {
 public:
  static constexpr int kLettersMax = 12;

  [[nodiscard]] int letters() const noexcept { return letters_; }
  [[nodiscard]] std::string text() const;

  /// The cell of `letters` letters that this one lies in; itself when it has just as many.
  ///
  /// Limits: `letters` in [1, letters()].
  [[nodiscard]] Cell parent(int letters) const;

  /// The 32 cells with one letter more, in order.
  ///
  /// Limits: letters() below kLettersMax.
  [[nodiscard]] std::vector<Cell> children() const;

  /// True for itself and for every cell whose text begins with this one's.
  [[nodiscard]] bool contains(const Cell& other) const noexcept;

  /// The edges, exactly: no double is rounded on the way.
  [[nodiscard]] Box bounds() const noexcept;
  [[nodiscard]] Point centre() const noexcept;

  friend bool operator==(const Cell&, const Cell&) = default;
  // Left-aligned bits order as letters do; of two with equal bits the shorter text comes first.
  friend auto operator<=>(const Cell&, const Cell&) = default;

 private:
  friend Cell cell_of(Point, int);
  friend std::optional<Cell> parse_cell(std::string_view) noexcept;
  friend std::optional<Cell> neighbour(const Cell&, Direction) noexcept;
  friend std::vector<Cell> one_letter_cells();

  Cell(std::uint64_t bits, int letters) noexcept : bits_{bits}, letters_{letters} {}

  std::uint64_t bits_;  // Five bits for each letter, the first letter in bits 59 to 55, then zeros.
  int letters_;
};

/// The cell of `letters` letters that `point` is in. A point on an edge is in the cell north or
/// east of it.
///
/// Limits: `letters` in [1, 12]; `point` as make_point() gives it.
[[nodiscard]] Cell cell_of(Point point, int letters);

/// Reads a geohash; upper case is accepted. Nothing for any other text: empty, longer than 12, or
/// with a letter outside the alphabet (a, i, l and o are).
[[nodiscard]] std::optional<Cell> parse_cell(std::string_view text) noexcept;

/// The adjoining cell of the same length. East and west go round the world; beyond a pole there is
/// none.
[[nodiscard]] std::optional<Cell> neighbour(const Cell& cell, Direction direction) noexcept;

/// The whole world: the 32 cells of one letter, in order.
[[nodiscard]] std::vector<Cell> one_letter_cells();

/// The centre of the cell that `point` is in: what may be stored and shown of where somebody is.
/// Snapping again changes nothing.
///
/// Limits: as cell_of(). Seven letters are at most 153 m by 153 m.
[[nodiscard]] Point snap(Point point, int letters = 7);

}  // namespace geo
