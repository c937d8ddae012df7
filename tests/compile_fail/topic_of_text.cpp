// A topic is made of a cell, never of a text from outside.
#include "wire/topic.hpp"

std::string good(const geo::Cell& cell) { return wire::geo_topic(cell); }
// Refused: invalid initialization of reference of type 'const geo::Cell&'
std::string bad(const std::string& text) { return wire::geo_topic(text); }
