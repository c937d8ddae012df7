// Heads: what is retained of an area, and when it is there.
#include "base/json.hpp"
#include "bridge_case.hpp"
#include "bridge_proxy.hpp"
#include "wire/head.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>

using bridge_test::BridgeCase;
using bridge_test::BridgeProcess;
using bridge_test::BrokerProxy;
using engine::bridge::BridgeState;
using support::eventually;
using support::Subscriber;
using namespace std::chrono_literals;

namespace {

constexpr auto kHeads = "earshot/v1/head/#";
constexpr auto kAll = "earshot/v1/#";

using HeadsByTopic = std::map<std::string, std::string>;

/// "earshot/v1/head/9q8/y/y" of any cell in it, and of its events' topics.
std::string head_topic(const std::string& cell) {
  return "earshot/v1/head/" + cell.substr(0, 3) + '/' + cell[3] + '/' + cell[4];
}

class HeadsCase : public BridgeCase {
 public:
  /// What the log has of every area, as heads say it.
  HeadsByTopic logged_heads() {
    std::map<std::string, wire::Head> areas;
    for (const pg::Row row : onlooker().query(R"(
           select left(cell, 6) as part, max(event_offset) as newest from (
             select cell, event_offset from engine.event
             union all select cell, event_offset from engine.dropped_topic) as known
           group by 1 order by 1)")) {
      const auto part = row.get<std::string>("part");
      const auto newest = row.get<std::int64_t>("newest");
      wire::Head& head = areas[head_topic(part)];
      head.offset = std::max(head.offset, newest);
      head.cells.emplace_back(part.back(), newest);
    }
    const std::string epoch = value_of("select engine.epoch()");
    HeadsByTopic heads;
    for (const auto& [topic, head] : areas) heads[topic] = wire::head_text(head, epoch);
    return heads;
  }
  /// The last of each that the subscriber has heard.
  static HeadsByTopic heard_heads(const Subscriber& subscriber) {
    HeadsByTopic heads;
    for (const auto& [topic, payload] : subscriber.deliveries()) {
      if (topic.starts_with("earshot/v1/head/")) heads[topic] = payload;
    }
    return heads;
  }
  /// Whoever comes now is told of every area by what is retained.
  bool are_retained() {
    return eventually([&] {
      const Subscriber late{broker, kHeads};
      return heard_heads(late) == logged_heads();
    });
  }
  static bool is_leading(const std::unique_ptr<engine::bridge::Bridge>& bridge) {
    return bridge->state().role == BridgeState::Role::kLeading;
  }
};

/// The first head in the order of arrival that tells of an event that had not come before it.
std::string early_head(const std::vector<Subscriber::Delivery>& all,
                       const std::map<std::string, std::set<std::int64_t>>& logged) {
  std::map<std::string, std::set<std::int64_t>> heard;
  for (const auto& [topic, payload] : all) {
    const auto json = topic.ends_with("status") ? base::Json{} : base::Json::parse(payload);
    if (topic.starts_with("earshot/v1/geo/")) {
      heard[head_topic(json.at("cell"))].insert(json.at("offset").get<std::int64_t>());
    } else if (topic.starts_with("earshot/v1/head/")) {
      for (const std::int64_t offset : logged.at(topic)) {
        if (offset > json.at("offset")) break;
        if (!heard[topic].contains(offset)) return topic + ' ' + payload;
      }
    }
  }
  return {};
}

/// True when no head is older than the one before it of the same area.
bool never_go_back(const std::vector<Subscriber::Delivery>& all) {
  std::map<std::string, std::int64_t> last;
  for (const auto& [topic, payload] : all) {
    if (!topic.starts_with("earshot/v1/head/")) continue;
    const auto offset = base::Json::parse(payload).at("offset").get<std::int64_t>();
    if (offset < last[topic]) return false;
    last[topic] = offset;
  }
  return true;
}

}  // namespace

TEST_CASE_METHOD(HeadsCase,
                 "heads follow the events they tell of, and the last one always comes",
                 "[integration][bridge][heads]") {
  const Subscriber subscriber{broker, kAll};
  const auto bridge = start_bridge();
  for (int round = 0; round < 10; ++round) {
    append(40);
    REQUIRE(saves_position_of_all());
  }
  CHECK(eventually([&] { return heard_heads(subscriber) == logged_heads(); }));
  CHECK(are_retained());

  std::map<std::string, std::set<std::int64_t>> logged;
  for (const pg::Row row : onlooker().query("select cell, event_offset from engine.event")) {
    logged[head_topic(row.get<std::string>("cell"))].insert(row.get<std::int64_t>("event_offset"));
  }
  CHECK(early_head(subscriber.deliveries(), logged).empty());
  CHECK(never_go_back(subscriber.deliveries()));
}

TEST_CASE_METHOD(HeadsCase,
                 "a broker that has forgotten everything is told all heads again",
                 "[integration][bridge][heads]") {
  const auto bridge = start_bridge();
  append(200);
  REQUIRE(are_retained());
  broker.kill();
  broker.start();
  CHECK(are_retained());
}

TEST_CASE_METHOD(HeadsCase,
                 "a broker that has forgotten everything hears online when it has all heads again",
                 "[integration][bridge][heads]") {
  auto bridge_options = bridge_test::quick_options(broker.url());
  bridge_options.heads.repeat_gap = 300ms;
  auto bridge = start_bridge(bridge_options);
  append(200);
  REQUIRE(are_retained());
  broker.kill();
  broker.start();
  REQUIRE(eventually([&] {
    const Subscriber late{broker, "earshot/v1/status"};
    const auto said = late.deliveries();
    return !said.empty() && said.back().payload == "online";
  }));
  bridge.reset();  // So that nothing is added.
  CHECK(are_retained());
}

TEST_CASE_METHOD(HeadsCase,
                 "a new leader says all heads, of the log and of what was dropped from it",
                 "[integration][bridge][heads]") {
  {
    BridgeProcess first{options().url, broker.url()};
    append(100);
    REQUIRE(saves_position_of_all());
    first.kill();
  }
  onlooker().query("select engine.turn_event_slot(now() + interval '1 minute')");
  onlooker().query("select engine.keep_slot_topics(0, '', 1000)");
  const std::string newest = value_of("select engine.newest_offset()");
  REQUIRE(value_of("select engine.drop_event_slot(0, " + newest + ")") == "t");
  REQUIRE(value_of("select count(*) from engine.event") == "0");
  broker.kill();
  broker.start();
  append_to("9q8yyk9");
  append_to("gcpvj0d");

  const auto second = start_bridge();
  CHECK(are_retained());
  CHECK(logged_heads().size() == 6);
}

TEST_CASE_METHOD(HeadsCase,
                 "heads do not go back when the leader is killed again and again",
                 "[integration][bridge][heads]") {
  const Subscriber subscriber{broker, kHeads};
  for (int death = 0; death < 3; ++death) {
    BridgeProcess leader{options().url, broker.url()};
    append(150);
    const auto before = subscriber.deliveries().size();
    REQUIRE(eventually([&] { return subscriber.deliveries().size() > before; }));
    leader.kill();
  }
  const auto last = start_bridge();
  CHECK(are_retained());
  CHECK(eventually([&] { return heard_heads(subscriber) == logged_heads(); }));
  CHECK(never_go_back(subscriber.deliveries()));
}

TEST_CASE_METHOD(HeadsCase,
                 "a leader that was stopped sets no older head when it wakes up",
                 "[integration][bridge][heads]") {
  const Subscriber subscriber{broker, kHeads};
  BrokerProxy zombies_way{broker.port()};
  BridgeProcess zombie{options().url, zombies_way.url()};
  append(100);
  REQUIRE(saves_position_of_all());
  append(60);
  zombie.freeze();
  append(200);
  end_lease();  // The ten seconds are over.
  const auto heir = start_bridge();
  REQUIRE(eventually([&] { return heir->state().connected == 3; }));
  CHECK(eventually([&] { return zombies_way.open() == 0; }));
  REQUIRE(are_retained());

  zombie.thaw();
  CHECK(eventually(
      [&] { return zombie.log().find("another process relays now") != std::string::npos; }));
  append(50);
  CHECK(are_retained());
  CHECK(is_leading(heir));
  CHECK(never_go_back(subscriber.deliveries()));
}

TEST_CASE_METHOD(HeadsCase,
                 "a broker that refuses heads takes all events all the same",
                 "[integration][bridge][heads]") {
  broker.deny(bridge_test::kRelayUser, kHeads);
  broker.kill();
  broker.start();
  const Subscriber listener{broker, kAll};
  const auto bridge = start_bridge();
  append(200);
  CHECK(saves_position_of_all());
  CHECK(heard_heads(listener).empty());
  broker.allow_all();
  broker.reload();
  CHECK(eventually([&] { return heard_heads(listener) == logged_heads(); }));
}
