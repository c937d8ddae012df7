#include "engine/outbox/event_store.hpp"

#include "base/check.hpp"

#include <array>

namespace engine::outbox {
namespace {

constexpr pg::Statement kReadAfter{"event_read_after", R"(
  select event_offset, prev, source, type, subject, cell, data,
         (extract(epoch from at) * 1000)::bigint as at_ms
  from engine.event
  where event_offset > $1
  order by event_offset
  limit $2)"};

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
          .at = std::chrono::system_clock::time_point{
              std::chrono::milliseconds{row.get<std::int64_t>("at_ms")}}};
}

constexpr std::array kStatements{kReadAfter, kEpoch, kPosition};

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

std::string read_epoch(pg::Connection& connection) {
  return connection.run(kEpoch).one().get<std::string>(0);
}

Position read_position(pg::Transaction& tx) {
  const pg::Row row = tx.run(kPosition).one();
  return {.epoch = row.get<std::string>(0), .offset = row.get<std::int64_t>(1)};
}

}  // namespace engine::outbox
