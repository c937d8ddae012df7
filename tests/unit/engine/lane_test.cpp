#include "engine/bridge/lane.hpp"

#include "engine/bridge/reports.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <vector>

using engine::bridge::Lane;
using engine::bridge::Report;
using engine::bridge::Reports;

namespace {

struct Sent {
  Lane::Ticket ticket;
  std::int64_t offset;
};

class LaneFixture {
 public:
  void push(std::initializer_list<std::int64_t> offsets) {
    for (const auto offset : offsets) lane.push({.offset = offset, .topic = "t", .payload = "p"});
  }

  std::vector<Sent> send_all() {
    std::vector<Sent> sent;
    while (const auto sending = lane.next_to_send()) {
      sent.push_back({sending->ticket, sending->message.offset});
    }
    return sent;
  }

  static std::vector<std::int64_t> offsets(const std::vector<Sent>& sent) {
    std::vector<std::int64_t> offsets;
    for (const Sent& one : sent) offsets.push_back(one.offset);
    return offsets;
  }

  Lane lane{/*capacity=*/6, /*window=*/3};
};

using Offsets = std::vector<std::int64_t>;

}  // namespace

TEST_CASE_METHOD(LaneFixture,
                 "a lane sends in offset order, a window at a time",
                 "[unit][bridge]") {
  push({4, 7, 9, 12});
  const auto first = send_all();
  CHECK(offsets(first) == Offsets{4, 7, 9});

  CHECK(lane.acknowledge(first[0].ticket));
  CHECK(offsets(send_all()) == Offsets{12});
}

TEST_CASE_METHOD(LaneFixture,
                 "the oldest event stands until it is acknowledged, whatever the order of answers",
                 "[unit][bridge]") {
  push({4, 7, 9, 12});
  CHECK(lane.oldest() == 4);
  const auto sent = send_all();

  CHECK(lane.acknowledge(sent[2].ticket));
  CHECK(lane.acknowledge(sent[1].ticket));
  CHECK(lane.oldest() == 4);
  CHECK(send_all().empty());  // The window spans from the oldest on.

  CHECK(lane.acknowledge(sent[0].ticket));
  CHECK(lane.oldest() == 12);

  CHECK(lane.acknowledge(send_all().at(0).ticket));
  CHECK(lane.oldest() == std::nullopt);
  CHECK_FALSE(lane.has_in_flight());
}

TEST_CASE_METHOD(LaneFixture,
                 "after a rewind the oldest goes alone, then everything in order",
                 "[unit][bridge]") {
  push({4, 7, 9, 12});
  const auto before = send_all();
  CHECK(lane.acknowledge(before[1].ticket));
  lane.rewind();
  CHECK_FALSE(lane.has_in_flight());

  const auto probe = send_all();
  CHECK(offsets(probe) == Offsets{4});
  CHECK(lane.acknowledge(probe[0].ticket));
  CHECK(offsets(send_all()) == Offsets{7, 9, 12});
}

TEST_CASE_METHOD(LaneFixture, "an answer from before a rewind changes nothing", "[unit][bridge]") {
  push({4, 7});
  const auto before = send_all();
  lane.rewind();
  CHECK_FALSE(lane.is_in_flight(before[0].ticket));
  CHECK_FALSE(lane.acknowledge(before[0].ticket));

  const auto again = send_all();
  CHECK_FALSE(lane.acknowledge(before[0].ticket));
  CHECK_FALSE(lane.acknowledge(before[1].ticket));
  CHECK(lane.oldest() == 4);

  CHECK(lane.acknowledge(again[0].ticket));
  CHECK_FALSE(lane.acknowledge(again[0].ticket));  // The same answer twice.
  CHECK(lane.oldest() == 7);
  CHECK_FALSE(lane.acknowledge(/*ticket=*/0));
  CHECK_FALSE(lane.acknowledge(/*ticket=*/99));
}

TEST_CASE_METHOD(LaneFixture, "a lane knows its room and its bytes", "[unit][bridge]") {
  push({1, 2, 3, 4, 5, 6});
  CHECK(lane.room() == 0);
  CHECK(lane.bytes() == 12);

  const auto sent = send_all();
  CHECK(lane.room() == 0);  // What is under way is still held.
  CHECK(lane.acknowledge(sent[0].ticket));
  CHECK(lane.room() == 1);
  CHECK(lane.bytes() == 10);
}

TEST_CASE("a lane loses nothing and keeps first deliveries in order, whatever the broker does",
          "[unit][bridge]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const auto chance = [&](unsigned percent) { return random() % 100 < percent; };

  Lane lane{/*capacity=*/16, /*window=*/5};
  const std::int64_t last = 500;
  std::int64_t next = 1;
  std::vector<Sent> in_flight;
  std::vector<Sent> stale;
  std::set<std::int64_t> accepted;
  std::int64_t newest_delivered = 0;

  while (next <= last || lane.oldest()) {
    while (next <= last && lane.room() > 0)
      lane.push({.offset = next++, .topic = "", .payload = ""});
    while (const auto sending = lane.next_to_send()) {
      in_flight.push_back({sending->ticket, sending->message.offset});
      REQUIRE(sending->message.offset <= newest_delivered + 1);
      newest_delivered = std::max(newest_delivered, sending->message.offset);
    }
    if (!stale.empty() && chance(20)) REQUIRE_FALSE(lane.acknowledge(stale.back().ticket));
    if (chance(10)) {
      stale = in_flight;
      in_flight.clear();
      lane.rewind();
    } else if (!in_flight.empty()) {
      const auto answered = in_flight.begin() + static_cast<long>(random() % in_flight.size());
      REQUIRE(lane.acknowledge(answered->ticket));
      accepted.insert(answered->offset);
      in_flight.erase(answered);
    }
    // The position never passes an event that was not accepted.
    for (auto offset = std::max<std::int64_t>(1, lane.oldest().value_or(next) - 20);
         offset < lane.oldest().value_or(next);
         ++offset) {
      REQUIRE(accepted.contains(offset));
    }
  }
  CHECK(accepted.size() == static_cast<std::size_t>(last));
}

TEST_CASE("an inbox that is full says that something is missing", "[unit][bridge]") {
  base::WakeSignal wake;
  Reports reports{/*capacity=*/2, wake};
  const Report report{.connection = 0, .kind = Report::Kind::kAccepted, .subject = 1, .code = 0};

  reports.push(std::array{report});
  reports.push(std::array{report});
  CHECK_FALSE(reports.take().is_incomplete);

  reports.push(std::array{report, report, report});
  const auto batch = reports.take();
  CHECK(batch.reports.size() == 2);
  CHECK(batch.is_incomplete);
  CHECK_FALSE(reports.take().is_incomplete);
}
