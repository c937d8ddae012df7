#include "engine/bridge/head_store.hpp"

#include "base/check.hpp"

#include <array>

namespace engine::bridge {
namespace {

constexpr pg::Statement kTopics{"head_topics", R"(
  with recursive topic as (
    (select e.cell from engine.event e where e.cell > $1 order by e.cell limit 1)
    union all
    select (select e.cell from engine.event e where e.cell > t.cell order by e.cell limit 1)
    from topic t where t.cell is not null
  )
  select t.cell, (
    select e.event_offset from engine.event e
    where e.cell = t.cell and e.event_offset <= $2
    order by e.event_offset desc limit 1) as event_offset
  from topic t where t.cell is not null
  limit $3)"};

constexpr pg::Statement kDropped{"head_dropped_topics", R"(
  select cell, event_offset from engine.dropped_topic
  where cell > $1
  order by cell
  limit $2)"};

constexpr pg::Statement kNewest{"head_newest", "select engine.newest_offset()"};
constexpr pg::Statement kForgotten{"head_forgotten", "select forgotten from engine.log"};

constexpr std::array kStatements{kTopics, kDropped, kNewest, kForgotten};

std::vector<LastOfTopic> topics_of(const pg::Rows& rows) {
  std::vector<LastOfTopic> topics;
  for (const pg::Row row : rows) {
    const auto cell = geo::parse_cell(row.get<std::string_view>("cell"));
    base::check(cell.has_value(), "the event log holds a cell that is none");
    topics.push_back(
        {.cell = *cell, .offset = row.get<std::optional<std::int64_t>>("event_offset")});
  }
  return topics;
}

}  // namespace

std::span<const pg::Statement> head_store_statements() {
  return kStatements;
}

std::vector<LastOfTopic> HeadStore::topics_after(const std::string& cell,
                                                 std::int64_t upto,
                                                 int limit) {
  return topics_of(connection_.run(kTopics, cell, upto, limit));
}

std::vector<LastOfTopic> HeadStore::dropped_after(const std::string& cell, int limit) {
  return topics_of(connection_.run(kDropped, cell, limit));
}

std::int64_t HeadStore::newest_offset() {
  return connection_.run(kNewest).one().get<std::int64_t>(0);
}

std::int64_t HeadStore::forgotten() {
  return connection_.run(kForgotten).one().get<std::int64_t>(0);
}

}  // namespace engine::bridge
