#pragma once

#include "base/json.hpp"
#include "geo/cell.hpp"

#include <cstddef>
#include <string>

namespace engine::outbox {

/// The largest `data` of an event. Half of what the broker takes in one message: an event that it
/// refuses would hold up its topic for ever.
inline constexpr std::size_t kDataBytesMax = std::size_t{32} * 1024;

/// What a handler announces to everyone near a cell. It gets its offset when it is appended.
struct Event {
  std::string type;     // <noun>.<verb in the past>: "note.said".
  std::string subject;  // The id of what it is about.
  geo::Cell cell;       // Seven letters; names the topic.
  base::Json data;
};

}  // namespace engine::outbox
