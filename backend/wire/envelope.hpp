#pragma once

#include "geo/cell.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wire {

/// Something that happened at a place, as the event log keeps it.
struct Event {
  std::string source_app;  // "ask_around_me"
  std::string type;        // "question.asked"
  std::string subject;     // The id of what it happened to.
  geo::Cell cell;          // 7 letters.
  std::string data;        // JSON text, sent as it is.
  std::int64_t offset = 0;
  std::int64_t prev =
      0;  // Offset of the event before it on the same topic; 0 when it is the first.
  std::chrono::system_clock::time_point at;
  // Of the request that it came of, where there was one and it said so.
  std::optional<std::string> traceparent{};
  std::optional<std::string> request_id{};
};

/// The event as subscribers get it: one line, keys in a fixed order, so that the same event is the
/// same bytes at every delivery.
///
/// Source: CloudEvents 1.0, JSON event format, section 3, and its extension for distributed
/// tracing; docs/delivery.md for offset and prev.
[[nodiscard]] std::string envelope(const Event& event, std::string_view epoch);

}  // namespace wire
