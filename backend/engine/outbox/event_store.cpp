#include "engine/outbox/event_store.hpp"

#include "base/check.hpp"

#include <array>

namespace engine::outbox {
namespace {

constexpr pg::Statement kReadAfter{"event_read_after", R"(
  select event_offset, prev, source, type, subject, cell, data,
         traceparent, request_id, (extract(epoch from at) * 1000)::bigint as at_ms
  from engine.event
  where event_offset > $1
  order by event_offset
  limit $2)"};

constexpr pg::Statement kReadArea{"event_read_area", R"(
  select event_offset, prev, source, type, subject, cell, data,
         traceparent, request_id, (extract(epoch from at) * 1000)::bigint as at_ms
  from engine.event
  where event_offset > $1 and event_offset <= $2 and cell ^@ any ($3)
  order by event_offset
  limit $4)"};

constexpr pg::Statement kFirstAfter{"event_first_after",
                                    "select min(event_offset) from engine.event"
                                    " where event_offset > $1"};

// engine.newest_offset(), written out: a statement locks the tables that it names itself before it
// takes its view, but those of a function later. So a slot that is missing here is below the floor
// here, and none goes missing until the transaction ends.
constexpr pg::Statement kBounds{"event_bounds", R"(
  select engine.epoch(),
         greatest(coalesce((select max(event_offset) from engine.event), 0), l.floor), l.floor
  from engine.log l)"};

constexpr pg::Statement kEpoch{"event_epoch", "select engine.epoch()"};

constexpr pg::Statement kPosition{"event_position",
                                  "select engine.epoch(), engine.newest_offset()"};

wire::Event event_of(const pg::Row& row) {
  const auto cell = geo::parse_cell(row.get<std::string_view>("cell"));
  base::check(cell.has_value(), "the event log holds a cell that is none");
  return {.source_app = row.get<std::string>("source"),
          .type = row.get<std::string>("type"),
          .subject = row.get<std::string>("subject"),
          .cell = *cell,
          .data = row.get<std::string>("data"),
          .offset = row.get<std::int64_t>("event_offset"),
          .prev = row.get<std::int64_t>("prev"),
          .at = std::chrono::system_clock::time_point{std::chrono::milliseconds{
              row.get<std::int64_t>("at_ms")}},
          .traceparent = row.get<std::optional<std::string>>("traceparent"),
          .request_id = row.get<std::optional<std::string>>("request_id")};
}

constexpr std::array kStatements{kReadAfter, kReadArea, kFirstAfter, kBounds, kEpoch, kPosition};

}  // namespace

std::span<const pg::Statement> event_store_statements() {
  return kStatements;
}

std::vector<wire::Event> read_after(pg::Connection& connection, std::int64_t offset, int limit) {
  std::vector<wire::Event> events;
  for (const pg::Row row : connection.run(kReadAfter, offset, limit))
    events.push_back(event_of(row));
  return events;
}

LogBounds read_bounds(pg::Transaction& tx) {
  const pg::Row row = tx.run(kBounds).one();
  return {.newest = {.epoch = row.get<std::string>(0), .offset = row.get<std::int64_t>(1)},
          .floor = row.get<std::int64_t>(2)};
}

std::vector<wire::Event> read_area(pg::Transaction& tx,
                                   std::int64_t after,
                                   std::int64_t upto,
                                   const std::vector<geo::Cell>& cells,
                                   int limit) {
  base::check(upto - after <= kScanMax, "more of the event log is asked for than may be scanned");
  std::vector<std::string> prefixes;
  prefixes.reserve(cells.size());
  for (const geo::Cell& cell : cells) prefixes.push_back(cell.text());
  std::vector<wire::Event> events;
  for (const pg::Row row : tx.run(kReadArea, after, upto, prefixes, limit))
    events.push_back(event_of(row));
  return events;
}

std::optional<std::int64_t> first_after(pg::Transaction& tx, std::int64_t offset) {
  return tx.run(kFirstAfter, offset).one().get<std::optional<std::int64_t>>(0);
}

std::string read_epoch(pg::Connection& connection) {
  return connection.run(kEpoch).one().get<std::string>(0);
}

Position read_position(pg::Transaction& tx) {
  const pg::Row row = tx.run(kPosition).one();
  return {.epoch = row.get<std::string>(0), .offset = row.get<std::int64_t>(1)};
}

}  // namespace engine::outbox
