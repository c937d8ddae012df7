#include "bridge_case.hpp"

#include "base/json.hpp"

#include <algorithm>
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

std::int64_t offset_of(const Subscriber::Delivery& delivery) {
  return base::Json::parse(delivery.payload).at("offset").get<std::int64_t>();
}

// Twelve topics in five areas, so that several connections and several topics of one are used.
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

}  // namespace

BridgeCase::BridgeCase() : PgFixture{engine_tables()} {}

void BridgeCase::append(int count) {
  static std::minstd_rand random{7};
  while (count > 0) {
    const auto some = std::min<std::size_t>(static_cast<std::size_t>(count), 1 + random() % 20);
    std::vector<std::string> where;
    for (std::size_t i = 0; i < some; ++i) where.push_back(cells()[random() % cells().size()]);
    onlooker().run(kAppend,
                   std::vector<std::string>(some, "test_app"),
                   std::vector<std::string>(some, "thing.happened"),
                   std::vector<std::string>(some, "subject-1"),
                   where,
                   std::vector<std::string>(some, R"({"text":"hello"})"));
    appended.notify();
    count -= static_cast<int>(some);
  }
}

void BridgeCase::append_to(const std::string& cell) {
  const auto one = [](const char* text) { return std::vector<std::string>{text}; };
  onlooker().run(kAppend,
                 one("test_app"),
                 one("thing.happened"),
                 one("subject-1"),
                 std::vector<std::string>{cell},
                 one(R"({"text":"hello"})"));
  appended.notify();
}

engine::bridge::BridgeOptions BridgeCase::bridge_options() const {
  engine::bridge::BridgeOptions options;
  options.broker = {.url = broker.url(), .username = std::string{kRelayUser}, .password = "secret"};
  options.connections = 3;
  options.window = 16;
  options.lane_capacity = 64;
  options.retry_first = std::chrono::milliseconds{20};
  options.retry_most = std::chrono::milliseconds{200};
  return options;
}

std::unique_ptr<engine::bridge::Bridge> BridgeCase::start_bridge() {
  return std::make_unique<engine::bridge::Bridge>(
      options(), bridge_options(), appended, clock, log);
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

void BridgeCase::cut_leader() {
  terminate_backend(std::stoi(value_of("select holder_pid from engine.leader")));
}

Offsets first_deliveries(const std::vector<Subscriber::Delivery>& all) {
  Offsets firsts;
  std::set<std::int64_t> seen;
  for (const auto& delivery : all) {
    if (const auto offset = offset_of(delivery); seen.insert(offset).second) {
      firsts.push_back(offset);
    }
  }
  return firsts;
}

bool are_in_order(const std::vector<Subscriber::Delivery>& all) {
  std::map<std::string, std::set<std::int64_t>> seen;
  for (const auto& delivery : all) {
    auto& of_topic = seen[delivery.topic];
    const auto offset = offset_of(delivery);
    const bool is_first = !of_topic.contains(offset);
    if (is_first && !of_topic.empty() && offset < *of_topic.rbegin()) return false;
    of_topic.insert(offset);
  }
  return true;
}

Offsets sorted(Offsets offsets) {
  std::sort(offsets.begin(), offsets.end());
  return offsets;
}

}  // namespace bridge_test
