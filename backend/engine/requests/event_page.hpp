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
  std::size_t bytes{0};  // Of the envelopes, about.
  bool more{false};      // The log goes on behind `position`; an empty page may say so, too.
};

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// `cells` or `lat`, `lon`, `radius_m`; `after`; `limit`.
[[nodiscard]] base::Result<EventQuery, wire::Problem> read_event_query(
    const QueryParameters& pairs);

/// 410 when the log cannot be read from `after` on: nobody knows what the client has missed.
[[nodiscard]] std::optional<wire::Problem> position_problem(const outbox::Position& after,
                                                            const outbox::LogBounds& bounds);

/// The bytes of a page's envelopes at most, but for a first event that has more on its own: the
/// largest has 32 KiB of data.
inline constexpr std::size_t kPageBytesMax = std::size_t{1024} * 1024;

/// Appends `event` unless the page has `limit` events or kPageBytesMax bytes. False: it was full,
/// and ends before the event.
[[nodiscard]] bool add_to_page(EventPage& page, const wire::Event& event, std::size_t limit);

/// One bounded scan. Without `after`: no events, and the position of now.
///
/// Limits: `tx` is READ COMMITTED, on the primary: a slot of the log is dropped for everybody at
/// once,
///         and an older view would still show the old floor. Its bounds lock the slots until it
///         ends.
[[nodiscard]] base::Result<EventPage, wire::Problem> read_page(pg::Transaction& tx,
                                                               const EventQuery& query);

/// Each event is byte for byte what the broker's subscribers get.
[[nodiscard]] http::Response page_response(const EventPage& page);

}  // namespace engine::requests
