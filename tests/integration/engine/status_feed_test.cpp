#include "engine/bridge/status_feed.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "support/broker_fixture.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <set>

using engine::bridge::StatusFeed;
using engine::bridge::StatusFeedOptions;
using engine::jobs::JobStatus;
using support::eventually;

namespace {

using namespace std::chrono_literals;

constexpr auto kJobsOfCaller = "earshot/v1/users/local-61/jobs/#";

std::vector<JobStatus> statuses(std::int64_t first, std::int64_t last) {
  std::vector<JobStatus> all;
  for (std::int64_t id = first; id <= last; ++id) {
    all.push_back({.id = wire::JobId{id}, .kind = "test.act", .caller = "local-61"});
  }
  return all;
}

std::set<std::string> jobs_heard(const support::Subscriber& subscriber) {
  std::set<std::string> ids;
  for (const auto& delivery : subscriber.deliveries()) {
    ids.insert(base::Json::parse(delivery.payload).at("id").get<std::string>());
  }
  return ids;
}

class FeedCase {
 public:
  [[nodiscard]] StatusFeedOptions options() const {
    return {.broker = {.url = broker.url(), .username = "", .password = ""},
            .retry_first = 10ms,
            .retry_most = 50ms};
  }

  support::BrokerFixture broker;
  base::SystemClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};
};

}  // namespace

TEST_CASE_METHOD(FeedCase, "callers hear how their jobs stand", "[integration][bridge]") {
  const support::Subscriber caller{broker, kJobsOfCaller};
  const support::Subscriber other{broker, "earshot/v1/users/local-62/jobs/#"};
  StatusFeed feed{options(), clock, log};

  for (int first = 1; first < 1'000; first += 100) feed.publish(statuses(first, first + 99));
  CHECK(eventually([&] { return jobs_heard(caller).size() == 1'000; }));
  CHECK(caller.deliveries().size() == 1'000);
  CHECK(feed.dropped() == 0);
  CHECK(other.deliveries().empty());
}

TEST_CASE_METHOD(
    FeedCase,
    "while the broker is away nobody waits, the newest statuses are kept, and they are "
    "said when it is back",
    "[integration][bridge]") {
  broker.kill();
  auto few = options();
  few.queue_jobs_max = 50;
  StatusFeed feed{few, clock, log};
  for (int id = 1; id < 1'000; ++id) feed.publish(statuses(id, id));
  CHECK(feed.dropped() == 949);

  // It comes back once the subscriber is there: nothing is retained for those who come later.
  broker.start();
  const support::Subscriber caller{broker, kJobsOfCaller};
  feed.publish(statuses(1'000, 1'000));
  CHECK(eventually([&] { return jobs_heard(caller).contains(wire::JobId{1'000}.text()); }));
  CHECK(feed.dropped() <= 950);
}

TEST_CASE_METHOD(FeedCase,
                 "a broker that was killed is found again when it is back",
                 "[integration][bridge]") {
  StatusFeed feed{options(), clock, log};
  {
    const support::Subscriber caller{broker, kJobsOfCaller};
    feed.publish(statuses(1, 1));
    REQUIRE(eventually([&] { return jobs_heard(caller).size() == 1; }));
  }
  broker.kill();
  feed.publish(statuses(2, 2));
  broker.start();
  const support::Subscriber caller{broker, kJobsOfCaller};
  // What was under way is lost with the connection: a status is a hint.
  CHECK(eventually([&] {
    feed.publish(statuses(3, 3));
    return jobs_heard(caller).contains(wire::JobId{3}.text());
  }));
}
