#include "engine/requests/event_page.hpp"

#include "base/check.hpp"
#include "engine/requests/circle.hpp"
#include "geo/cover.hpp"
#include "wire/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace engine::requests {
namespace {

constexpr std::int64_t kLimitMax = 200;
constexpr std::size_t kEnvelopeBytes = 384;  // Without the data: about 300.
constexpr std::size_t kCellsMax = 32;
constexpr int kLettersMin = 4;
constexpr int kLettersMax = 7;

// Where no topic filters can be had, near the poles, larger cells serve as well: they are compared
// here, not subscribed to.
std::vector<geo::Cell> cells_of(const Circle& circle) {
  auto cells = geo::cover(circle.centre, circle.radius_m);
  if (!cells) cells = geo::cover(circle.centre, circle.radius_m, {.letters_min = 1});
  base::check(cells.has_value(), "a circle cannot be covered even by the whole world");
  return *cells;
}

std::optional<std::vector<geo::Cell>> parse_cells(std::string_view text) {
  std::vector<geo::Cell> cells;
  while (true) {
    const auto comma = text.find(',');
    const auto cell = geo::parse_cell(text.substr(0, comma));
    if (!cell || cell->letters() < kLettersMin || cell->letters() > kLettersMax) return {};
    cells.push_back(*cell);
    if (cells.size() > kCellsMax) return {};
    if (comma == std::string_view::npos) return cells;
    text.remove_prefix(comma + 1);
  }
}

std::optional<outbox::Position> parse_position(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return {};
  std::int64_t offset = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, offset);
  if (error != std::errc{} || stopped != end || offset < 0) return {};
  return outbox::Position{.epoch = text.substr(0, colon), .offset = offset};
}

wire::Problem expired(const std::string& why) {
  return {.status = 410,
          .type = "position-expired",
          .title = "The event log cannot be read on from there",
          .detail = why +
                    " Fetch the state anew (a list with its `position`, or this resource "
                    "without `after`), and go on from that position."};
}

}  // namespace

base::Result<EventQuery, wire::Problem> read_event_query(const QueryParameters& pairs) {
  wire::Parameters parameters{pairs};
  EventQuery query;
  std::vector<wire::FieldError> errors;
  if (const auto text = parameters.optional_text(
          "cells", {.code_points_min = 0, .code_points_max = 8'000, .trim = false})) {
    if (auto cells = parse_cells(*text)) {
      query.cells = std::move(*cells);
    } else {
      errors.push_back(
          {"/cells", "must be 1 to 32 cells of 4 to 7 letters with commas between them"});
    }
  } else {
    query.cells = cells_of(read_circle(parameters));
  }
  if (const auto text = parameters.optional_text(
          "after", {.code_points_min = 0, .code_points_max = 8'000, .trim = false})) {
    query.after = parse_position(*text);
    if (!query.after) {
      errors.push_back({"/after", "must be the value of `position` from an earlier page"});
    }
  }
  query.limit =
      static_cast<int>(parameters.optional_integer("limit", 1, kLimitMax).value_or(query.limit));

  auto problem = std::move(parameters).finish();
  if (!problem && errors.empty()) return query;
  if (!problem) return base::fail(wire::problem::invalid_parameters(std::move(errors)));
  problem->errors.insert(problem->errors.end(), errors.begin(), errors.end());
  return base::fail(std::move(*problem));
}

std::optional<wire::Problem> position_problem(const outbox::Position& after,
                                              const outbox::LogBounds& bounds) {
  if (after.epoch != bounds.newest.epoch) {
    return expired(
        "The position belongs to another history: the database was restored or replaced.");
  }
  if (after.offset < bounds.floor) {
    return expired("The position is older than what is kept of the event log.");
  }
  if (after.offset > bounds.newest.offset) {
    return expired("The position is ahead of the event log.");
  }
  return std::nullopt;
}

bool add_to_page(EventPage& page, const wire::Event& event, std::size_t limit) {
  const std::size_t bytes = event.data.size() + kEnvelopeBytes;
  const bool is_too_much = !page.events.empty() && page.bytes + bytes > kPageBytesMax;
  if (page.events.size() >= limit || is_too_much) return false;
  page.bytes += bytes;
  page.events.push_back(event);
  return true;
}

base::Result<EventPage, wire::Problem> read_page(pg::Transaction& tx, const EventQuery& query) {
  const outbox::LogBounds bounds = outbox::read_bounds(tx);
  if (!query.after) return EventPage{.events = {}, .position = bounds.newest};
  if (auto problem = position_problem(*query.after, bounds)) {
    return base::fail(std::move(*problem));
  }
  const std::int64_t after = query.after->offset;
  const std::int64_t newest = bounds.newest.offset;
  const std::int64_t upto = after + std::min(newest - after, outbox::kScanMax);
  EventPage page{.events = {}, .position = {.epoch = bounds.newest.epoch, .offset = upto}};
  const auto limit = static_cast<std::size_t>(query.limit);
  bool is_full = false;
  for (const wire::Event& event : outbox::read_area(tx, after, upto, query.cells, query.limit)) {
    is_full = !add_to_page(page, event, limit);
    if (is_full) break;
  }
  is_full = is_full || page.events.size() == limit;
  if (is_full) {
    page.position.offset = page.events.back().offset;
  } else if (upto < newest) {
    // Nothing is to be found where no events are.
    const std::int64_t next = outbox::first_after(tx, upto).value_or(newest + 1);
    page.position.offset = std::min(next - 1, newest);
  }
  page.more = page.position.offset < newest;
  return page;
}

http::Response page_response(const EventPage& page) {
  std::string body = R"({"events":[)";
  for (const wire::Event& event : page.events) {
    if (body.back() != '[') body += ',';
    body += wire::envelope(event, page.position.epoch);
  }
  body += R"(],"position":")" + page.position.text() + R"(","more":)";
  body += page.more ? "true}" : "false}";
  return {
      .status = 200, .content_type = "application/json", .body = std::move(body), .headers = {}};
}

}  // namespace engine::requests
