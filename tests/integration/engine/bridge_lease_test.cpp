#include "base/error.hpp"
#include "bridge_case.hpp"
#include "engine/bridge/leader_lease.hpp"
#include "engine/bridge/relay_store.hpp"

#include <catch2/catch.hpp>

using bridge_test::BridgeCase;
using engine::bridge::LeaderLease;
using engine::bridge::RelayStore;
using namespace std::chrono_literals;

namespace {

class HandClock final : public base::Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override { return now; }
  [[nodiscard]] Wall wall() const override { return {}; }

  Monotonic now{std::chrono::hours{1}};
};

struct Candidate {
  explicit Candidate(const pg::ConnectionOptions& options) : session{options} {}

  pg::Connection session;
  HandClock clock;
  LeaderLease lease{session, clock};
};

}  // namespace

TEST_CASE_METHOD(BridgeCase,
                 "one candidate leads while its session lives",
                 "[integration][bridge]") {
  Candidate first{options()};
  Candidate second{options()};
  const auto term = first.lease.take();
  REQUIRE(term);
  CHECK_FALSE(second.lease.take());
  CHECK(first.lease.renew());
  CHECK_FALSE(second.lease.renew());

  SECTION("a dead one is replaced at once") {
    terminate_backend(first.session.backend_pid());
    CHECK(second.lease.take() == *term + 1);
  }
  SECTION("one that lets go is replaced at once") {
    first.lease.release();
    CHECK(second.lease.take() == *term + 1);
    CHECK_FALSE(first.lease.renew());
  }
  SECTION("a stopped one is replaced when its lease is over") {
    onlooker().query("update engine.leader set leased_until = clock_timestamp()");
    CHECK(second.lease.take() == *term + 1);
    CHECK_FALSE(first.lease.renew());
    first.lease.release();
    CHECK(second.lease.renew());
  }
}

TEST_CASE_METHOD(BridgeCase,
                 "a leader gives up before others may lead, by its own clock",
                 "[integration][bridge]") {
  Candidate leader{options()};
  CHECK_FALSE(leader.lease.is_held());
  REQUIRE(leader.lease.take());
  CHECK(leader.lease.is_held());
  CHECK_FALSE(leader.lease.is_due());

  leader.clock.now += LeaderLease::kRenewal;
  CHECK(leader.lease.is_due());
  REQUIRE(leader.lease.renew());
  CHECK_FALSE(leader.lease.is_due());

  leader.clock.now += LeaderLease::kLease - LeaderLease::kMargin;
  CHECK_FALSE(leader.lease.is_held());
}

TEST_CASE_METHOD(BridgeCase, "a zombie leader cannot move the position", "[integration][bridge]") {
  append(20);
  Candidate zombie{options()};
  const auto old_term = zombie.lease.take();
  REQUIRE(old_term);
  CHECK(RelayStore{zombie.session}.begin(*old_term) == 0);
  CHECK(RelayStore{zombie.session}.save(*old_term, 5));

  onlooker().query("update engine.leader set leased_until = clock_timestamp()");
  Candidate heir{options()};
  const auto new_term = heir.lease.take();
  REQUIRE(new_term);
  CHECK(RelayStore{heir.session}.begin(*new_term) == 5);
  CHECK(RelayStore{heir.session}.save(*new_term, 7));

  CHECK_FALSE(RelayStore{zombie.session}.save(*old_term, 20));
  CHECK_THROWS_AS(RelayStore{zombie.session}.begin(*old_term), base::TransientError);
  CHECK(saved_position() == 7);
}

TEST_CASE_METHOD(BridgeCase,
                 "a new leader goes on at the stored position, never beyond the log",
                 "[integration][bridge]") {
  append(20);
  const auto newest = logged().back();
  Candidate leader{options()};
  const auto term = leader.lease.take();
  REQUIRE(term);

  // As after restoring a backup into another server: the epoch changes, the position stays.
  onlooker().query("update engine.relay set relayed_offset = 6, epoch = 'another'");
  CHECK(RelayStore{leader.session}.begin(*term) == 6);
  CHECK(value_of("select epoch = engine.epoch() from engine.relay") == "t");

  onlooker().query("update engine.relay set relayed_offset = 1000000");
  CHECK(RelayStore{leader.session}.begin(*term) == newest);
}
