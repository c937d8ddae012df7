// A text becomes a cell only by being parsed.
#include "geo/cell.hpp"

const std::optional<geo::Cell> kGood = geo::parse_cell("9q8yyk9");
// Refused: no matching function for call to 'geo::Cell::Cell(<brace-enclosed initializer list>)'
const geo::Cell kBad{"9q8yyk9"};
