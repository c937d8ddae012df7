#pragma once

#include "base/json.hpp"
#include "geo/cell.hpp"

#include <string>

namespace engine::outbox {

/// What a handler announces to everyone near a cell. It gets its offset when it is appended.
struct Event {
  std::string type;     // "question.asked" in an app that has questions: <noun>.<verb in the past>.
  std::string subject;  // The id of what it is about.
  geo::Cell cell;       // Seven letters; names the topic.
  base::Json data;
};

}  // namespace engine::outbox
