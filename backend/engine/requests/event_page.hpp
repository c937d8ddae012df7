#pragma once

#include "base/result.hpp"
#include "engine/outbox/event_store.hpp"
#include "geo/cell.hpp"
#include "http/response.hpp"
#include "wire/envelope.hpp"
#include "wire/problem.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace engine::requests {

/// What a client wants of the event log.
struct EventQuery {
  std::vector<geo::Cell> cells;  // Disjoint or not; an event is given once.
  std::optional<outbox::Position> after;
  int limit{100};
};

/// Events in offset order. `position`: of the cells asked for, nothing before it is missing.
struct EventPage {
  std::vector<wire::Event> events;
  outbox::Position position;
  bool more{false};  // The log goes on behind `position`; an empty page may say so, too.
};

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// `cells` or `lat`, `lon`, `radius_m`; `after`; `limit`.
[[nodiscard]] base::Result<EventQuery, wire::Problem> read_event_query(
    const QueryParameters& pairs);

/// 410 when the log cannot be read from `after` on: nobody knows what the client has missed.
[[nodiscard]] std::optional<wire::Problem> position_problem(const outbox::Position& after,
                                                            const outbox::LogBounds& bounds);

/// One bounded scan. Without `after`: no events, and the position of now.
///
/// Limits: `tx` is REPEATABLE READ, on the primary.
[[nodiscard]] base::Result<EventPage, wire::Problem> read_page(pg::Transaction& tx,
                                                               const EventQuery& query);

/// Each event is byte for byte what the broker's subscribers get.
[[nodiscard]] http::Response page_response(const EventPage& page);

}  // namespace engine::requests
