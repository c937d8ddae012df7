#include "bridge_case.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <random>
#include <set>

namespace embedded {
std::span<const base::EmbeddedFile> bridge_test_sql();
}

namespace bridge_test {
namespace {

using support::Subscriber;

constexpr pg::Statement kAppend{"append", R"(
  select engine.append_events($1, $2, $3, $4, $5)
)"};

constexpr auto kAllSaved = R"(
  select relayed_offset = (select max(event_offset) from engine.event)
  from engine.relay where name = 'relay'
)";

std::span<const pg::MigrationSet> engine_tables() {
  static const pg::MigrationSet set{.schema = "engine", .files = embedded::bridge_test_sql()};
  return {&set, 1};
}

// Of thousands of envelopes, so it does not parse: what comes before `data` has each name once.
std::int64_t number_of(const Subscriber::Delivery& delivery, std::string_view name) {
  const std::string label = '"' + std::string{name} + "\":";
  const auto at = delivery.payload.find(label);
  if (at == std::string::npos) throw base::Error("this is no envelope: " + delivery.payload);
  const char* const end = delivery.payload.data() + delivery.payload.size();
  std::int64_t number = 0;
  std::from_chars(delivery.payload.data() + at + label.size(), end, number);
  return number;
}

constexpr std::size_t kLeastData = 16;

template <class Runner>
void run_append(Runner& runner, const std::vector<std::string>& where, std::size_t data_bytes) {
  const auto each = [&](const std::string& text) {
    return std::vector<std::string>(where.size(), text);
  };
  const std::string padding(std::max(data_bytes, kLeastData) - kLeastData, '.');
  runner.run(kAppend,
             each("test_app"),
             each("thing.happened"),
             each("subject-1"),
             where,
             each(R"({"text":"hello)" + padding + "\"}"));
}

}  // namespace

const std::vector<std::string>& cells() {
  static const std::vector<std::string> cells{"9q8yyk9",
                                              "9q8yyk8",
                                              "9q8yyk7",
                                              "9q8yym0",
                                              "9q8yzzz",
                                              "9q8yz00",
                                              "u33dc00",
                                              "u33dc01",
                                              "u33dc02",
                                              "s000000",
                                              "s000001",
                                              "7zzzzzz"};
  return cells;
}

std::size_t place_of(const std::string& cell, std::size_t connections) {
  return std::hash<std::string>{}(cell.substr(0, 5)) % connections;
}

std::size_t places_in_use(std::size_t connections) {
  std::set<std::size_t> places;
  for (const std::string& cell : cells()) places.insert(place_of(cell, connections));
  return places.size();
}

void append_events(pg::Connection& connection,
                   const std::vector<std::string>& where,
                   std::size_t data_bytes) {
  run_append(connection, where, data_bytes);
}

void append_events(pg::Transaction& tx, const std::vector<std::string>& where) {
  run_append(tx, where, kLeastData);
}

BridgeCase::BridgeCase() : PgFixture{engine_tables()} {}
BridgeCase::BridgeCase(const std::string& server_url) : PgFixture{engine_tables(), server_url} {}

void BridgeCase::append(int count) {
  static std::minstd_rand random{7};
  while (count > 0) {
    const auto some = std::min<std::size_t>(static_cast<std::size_t>(count), 1 + random() % 20);
    std::vector<std::string> where;
    for (std::size_t i = 0; i < some; ++i) where.push_back(cells()[random() % cells().size()]);
    append_events(onlooker(), where);
    appended.notify();
    count -= static_cast<int>(some);
  }
}

void BridgeCase::append_to(const std::string& cell) {
  append_events(onlooker(), {cell});
  appended.notify();
}

std::unique_ptr<engine::bridge::Bridge> BridgeCase::start_bridge() {
  return start_bridge(broker.url());
}

std::unique_ptr<engine::bridge::Bridge> BridgeCase::start_bridge(const std::string& broker_url) {
  return start_bridge(quick_options(broker_url));
}

std::unique_ptr<engine::bridge::Bridge> BridgeCase::start_bridge(
    const engine::bridge::BridgeOptions& bridge_options) {
  return std::make_unique<engine::bridge::Bridge>(options(), bridge_options, appended, clock, log);
}

Offsets BridgeCase::logged() {
  Offsets offsets;
  for (const pg::Row row :
       onlooker().query("select event_offset from engine.event order by event_offset")) {
    offsets.push_back(row.get<std::int64_t>(0));
  }
  return offsets;
}

std::int64_t BridgeCase::saved_position() {
  return std::stoll(value_of("select relayed_offset from engine.relay where name = 'relay'"));
}

bool BridgeCase::saves_position_of_all() {
  return support::eventually([&] { return value_of(kAllSaved) == "t"; });
}

std::int64_t BridgeCase::term() {
  return std::stoll(value_of("select term from engine.leader"));
}

void BridgeCase::cut_leader() {
  terminate_backend(std::stoi(value_of("select holder_pid from engine.leader")));
}

void BridgeCase::end_lease() {
  onlooker().query("update engine.leader set leased_until = clock_timestamp()");
}

void Audience::come_back() {
  before_ = heard();
  subscriber_.reset();
  subscriber_ = std::make_unique<Subscriber>(broker_, kEvents, /*qos=*/0);
}

Deliveries Audience::heard() const {
  Deliveries all = before_;
  if (!subscriber_) return all;
  for (auto& delivery : subscriber_->deliveries()) all.push_back(std::move(delivery));
  return all;
}

bool Audience::hears(const Offsets& offsets) const {
  return support::eventually([&] {
    const Offsets heard_so_far = sorted(first_deliveries(heard()));
    return std::includes(heard_so_far.begin(), heard_so_far.end(), offsets.begin(), offsets.end());
  });
}

Offsets first_deliveries(const Deliveries& all) {
  Offsets firsts;
  std::set<std::int64_t> seen;
  for (const auto& delivery : all) {
    const auto offset = number_of(delivery, "offset");
    if (seen.insert(offset).second) firsts.push_back(offset);
  }
  return firsts;
}

bool are_in_order(const Deliveries& all) {
  std::map<std::string, std::set<std::int64_t>> seen;
  for (const auto& delivery : all) {
    auto& of_topic = seen[delivery.topic];
    const auto offset = number_of(delivery, "offset");
    if (of_topic.contains(offset)) continue;
    const std::int64_t newest = of_topic.empty() ? 0 : *of_topic.rbegin();
    if (number_of(delivery, "prev") != newest) return false;
    of_topic.insert(offset);
  }
  return true;
}

Offsets sorted(Offsets offsets) {
  std::sort(offsets.begin(), offsets.end());
  return offsets;
}

}  // namespace bridge_test
