// Reading without using what was read is a mistake.
#include "geo/cell.hpp"

int good(const geo::Cell& cell) { return cell.letters(); }
// Refused: ignoring return value of 'int geo::Cell::letters() const'
void bad(const geo::Cell& cell) { cell.letters(); }
