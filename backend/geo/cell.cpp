#include "geo/cell.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstddef>

namespace geo {
namespace {

constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr int kBitsPerLetter = 5;
constexpr int kBits = Cell::kLettersMax * kBitsPerLetter;
constexpr int kAxisBits = kBits / 2;
constexpr std::int64_t kAxisSize = std::int64_t{1} << kAxisBits;

/// One axis cut into 2^30 equal steps. A step is 45 / 2^27 degrees (latitude: 45 / 2^28), so every
/// edge is a double exactly, and no comparison with one needs an epsilon.
struct Axis {
  double first;  // -90 or -180
  double step;

  [[nodiscard]] double edge(std::int64_t index) const noexcept {
    return first + static_cast<double>(index) * step;
  }

  [[nodiscard]] std::int64_t index_of(double degrees) const noexcept {
    // Rounding is monotonic and edges are exact, so the quotient never falls below an edge that
    // `degrees` has reached; it may only be rounded up to one that it has not.
    auto index = static_cast<std::int64_t>((degrees - first) / step);
    if (degrees < edge(index)) --index;
    return std::min(index, kAxisSize - 1);  // 90 and 180 belong to the last cell.
  }
};

constexpr Axis kLatAxis{-90.0, 180.0 / static_cast<double>(kAxisSize)};
constexpr Axis kLonAxis{-180.0, 360.0 / static_cast<double>(kAxisSize)};

/// Moves bit n to bit 2n.
/// Source: S. E. Anderson, Bit Twiddling Hacks, "Interleave bits by Binary Magic Numbers".
std::uint64_t spread(std::int64_t index) noexcept {
  auto bits = static_cast<std::uint64_t>(index);
  bits = (bits | bits << 16) & 0x0000FFFF0000FFFFU;
  bits = (bits | bits << 8) & 0x00FF00FF00FF00FFU;
  bits = (bits | bits << 4) & 0x0F0F0F0F0F0F0F0FU;
  bits = (bits | bits << 2) & 0x3333333333333333U;
  return (bits | bits << 1) & 0x5555555555555555U;
}

/// Undoes spread(), whatever the odd bits are.
std::int64_t gather(std::uint64_t bits) noexcept {
  bits &= 0x5555555555555555U;
  bits = (bits | bits >> 1) & 0x3333333333333333U;
  bits = (bits | bits >> 2) & 0x0F0F0F0F0F0F0F0FU;
  bits = (bits | bits >> 4) & 0x00FF00FF00FF00FFU;
  bits = (bits | bits >> 8) & 0x0000FFFF0000FFFFU;
  return static_cast<std::int64_t>((bits | bits >> 16) & 0x00000000FFFFFFFFU);
}

/// South-west corner and size of a cell, in steps. The first bit of a geohash is a longitude's, so
/// of an odd number of bits longitude has one more.
struct Steps {
  std::int64_t lat;
  std::int64_t lon;
  std::int64_t height;
  std::int64_t width;
};

Steps steps_of(std::uint64_t bits, int letters) noexcept {
  const int used = letters * kBitsPerLetter;
  return {.lat = gather(bits),
          .lon = gather(bits >> 1),
          .height = std::int64_t{1} << (kAxisBits - used / 2),
          .width = std::int64_t{1} << (kAxisBits - (used + 1) / 2)};
}

std::uint64_t interleave(std::int64_t lat, std::int64_t lon) noexcept {
  return spread(lon) << 1 | spread(lat);
}

int shift_to(int letters) noexcept {
  return kBits - letters * kBitsPerLetter;
}

std::uint64_t keep(std::uint64_t bits, int letters) noexcept {
  return bits >> shift_to(letters) << shift_to(letters);
}

struct Offset {
  int lat;
  int lon;
};

Offset offset_of(Direction direction) noexcept {
  switch (direction) {
    case Direction::kNorth:
      return {1, 0};
    case Direction::kNorthEast:
      return {1, 1};
    case Direction::kEast:
      return {0, 1};
    case Direction::kSouthEast:
      return {-1, 1};
    case Direction::kSouth:
      return {-1, 0};
    case Direction::kSouthWest:
      return {-1, -1};
    case Direction::kWest:
      return {0, -1};
    case Direction::kNorthWest:
      return {1, -1};
  }
  base::check(false, "a direction is one of eight");
  return {0, 0};
}

}  // namespace

std::string Cell::text() const {
  std::string text;
  for (int count = 1; count <= letters_; ++count) {
    text += kAlphabet[bits_ >> shift_to(count) & 31U];
  }
  return text;
}

Cell Cell::parent(int letters) const {
  base::check(letters >= 1 && letters <= letters_, "a cell's parent is shorter and not empty");
  return {keep(bits_, letters), letters};
}

std::vector<Cell> Cell::children() const {
  base::check(letters_ < kLettersMax, "a cell of twelve letters has no children");
  std::vector<Cell> children;
  children.reserve(kAlphabet.size());
  for (std::uint64_t letter = 0; letter < kAlphabet.size(); ++letter) {
    children.push_back({bits_ | letter << shift_to(letters_ + 1), letters_ + 1});
  }
  return children;
}

bool Cell::contains(const Cell& other) const noexcept {
  return other.letters_ >= letters_ && keep(other.bits_, letters_) == bits_;
}

Box Cell::bounds() const noexcept {
  const Steps at = steps_of(bits_, letters_);
  return {.south = kLatAxis.edge(at.lat),
          .west = kLonAxis.edge(at.lon),
          .north = kLatAxis.edge(at.lat + at.height),
          .east = kLonAxis.edge(at.lon + at.width)};
}

Point Cell::centre() const noexcept {
  const Box box = bounds();
  return {(box.south + box.north) / 2.0, (box.west + box.east) / 2.0};
}

Cell cell_of(Point point, int letters) {
  base::check(letters >= 1 && letters <= Cell::kLettersMax, "a cell has 1 to 12 letters");
  base::check(make_point(point.lat, point.lon).has_value(), "a point comes from make_point()");
  const auto bits = interleave(kLatAxis.index_of(point.lat), kLonAxis.index_of(point.lon));
  return {keep(bits, letters), letters};
}

std::optional<Cell> parse_cell(std::string_view text) noexcept {
  if (text.empty() || text.size() > Cell::kLettersMax) return std::nullopt;
  std::uint64_t bits = 0;
  int letters = 0;
  for (const char letter : text) {
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    const auto value = kAlphabet.find(is_upper ? static_cast<char>(letter - 'A' + 'a') : letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits |= std::uint64_t{value} << shift_to(++letters);
  }
  return Cell{bits, letters};
}

std::optional<Cell> neighbour(const Cell& cell, Direction direction) noexcept {
  const Steps at = steps_of(cell.bits_, cell.letters_);
  const Offset offset = offset_of(direction);
  const std::int64_t lat = at.lat + offset.lat * at.height;
  if (lat < 0 || lat >= kAxisSize) return std::nullopt;
  const std::int64_t lon = (at.lon + offset.lon * at.width + kAxisSize) % kAxisSize;
  return Cell{interleave(lat, lon), cell.letters_};
}

std::vector<Cell> one_letter_cells() {
  return Cell{0, 0}.children();
}

Point snap(Point point, int letters) {
  return cell_of(point, letters).centre();
}

}  // namespace geo
