#include "jobs_case.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <set>

using engine::jobs::BatchId;
using engine::jobs::NodeLease;
using jobs_test::JobsCase;

namespace {

BatchId first_of(NodeLease& lease) {
  REQUIRE(support::eventually([&] { return lease.next().has_value(); }));
  return *lease.next();
}

int node_of(BatchId id) {
  return static_cast<int>(id.value & 63);
}

/// A wall clock that a test sets.
class SetClock final : public base::Clock {
 public:
  Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
  Wall wall() const override { return now; }
  Wall now = std::chrono::system_clock::now();
};

}  // namespace

TEST_CASE_METHOD(JobsCase, "two processes have two node numbers", "[integration][jobs]") {
  NodeLease other{pool, clock, log};
  CHECK(node_of(first_of(ids)) != node_of(first_of(other)));
}

TEST_CASE_METHOD(JobsCase,
                 "ids grow, also while the clock stands or goes back",
                 "[integration][jobs]") {
  SetClock set;
  NodeLease lease{pool, set, log};
  BatchId last = first_of(lease);
  for (int i = 0; i < 1'000; ++i) {
    if (i == 500) set.now -= std::chrono::seconds{5};
    const auto next = lease.next();
    REQUIRE(next);
    REQUIRE(*next > last);
    last = *next;
  }
}

TEST_CASE_METHOD(JobsCase,
                 "whoever gets a number next starts above all its ids, whatever its clock says",
                 "[integration][jobs]") {
  // One number is left, so that the second lessee gets it for sure.
  onlooker().query("delete from engine.node where number <> 5 and leased_until < now()");
  SetClock ahead;
  ahead.now += std::chrono::hours{1};
  BatchId last;
  {
    NodeLease lease{pool, ahead, log};
    last = first_of(lease);
    CHECK(node_of(last) == 5);
    for (int i = 0; i < 100; ++i) last = *lease.next();
  }
  NodeLease heir{pool, clock, log};
  REQUIRE(support::eventually([&] {
    return value_of("select leased_until > now() from engine.node where number = 5") == "t";
  }));
  // Its clock is an hour behind the ceiling it starts from, so it has no room: no ids at all are
  // better than one made twice.
  CHECK_FALSE(heir.next().has_value());
  SetClock later;
  later.now += std::chrono::hours{2};
  onlooker().query("update engine.node set leased_until = '-infinity'");
  NodeLease patient{pool, later, log};
  CHECK(first_of(patient) > last);
}

TEST_CASE_METHOD(JobsCase,
                 "a lessee that lost its number never reaches its heir's ids",
                 "[integration][jobs]") {
  const BatchId before = first_of(ids);
  const std::string ceiling = value_of("select stamps_below from engine.node where number = " +
                                       std::to_string(node_of(before)));
  onlooker().query("delete from engine.node where number <> " + std::to_string(node_of(before)));
  onlooker().query("update engine.node set leased_until = '-infinity'");

  SetClock later;
  later.now += std::chrono::hours{1};
  NodeLease heir{pool, later, log};
  const BatchId of_heir = first_of(heir);

  CHECK(node_of(of_heir) == node_of(before));
  CHECK((of_heir.value >> BatchId::kNodeBits) >= std::stoll(ceiling));
  CHECK((ids.next()->value >> BatchId::kNodeBits) < std::stoll(ceiling));
}
