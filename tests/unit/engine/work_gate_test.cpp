#include "engine/jobs/work_gate.hpp"

#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using engine::jobs::WorkGate;
using namespace std::chrono_literals;

namespace {

const int kOne = 1;
const int kTwo = 2;

}  // namespace

TEST_CASE("many work side by side, and one alone waits for them", "[unit][work_gate]") {
  WorkGate gate{1h};
  REQUIRE(gate.enter({}, &kOne));
  REQUIRE(gate.enter({}, &kTwo));
  std::atomic<bool> is_alone{false};
  const std::jthread third{
      [&](const std::stop_token& stop) { is_alone = gate.enter_alone(stop, &is_alone); }};
  gate.leave(&kOne);
  CHECK_FALSE(is_alone);
  gate.leave(&kTwo);
  CHECK(support::eventually([&] { return is_alone.load(); }));

  // Nobody else gets in, until it leaves.
  std::stop_source impatient;
  impatient.request_stop();
  CHECK_FALSE(gate.enter(impatient.get_token(), &kOne));
  CHECK_FALSE(gate.enter_alone(impatient.get_token(), &kOne));
  gate.leave(&is_alone);
  CHECK(gate.enter({}, &kOne));
}

TEST_CASE("who gives up waiting to be alone lets the others go on", "[unit][work_gate]") {
  WorkGate gate{1h};
  REQUIRE(gate.enter({}, &kOne));
  std::stop_source impatient;
  impatient.request_stop();
  CHECK_FALSE(gate.enter_alone(impatient.get_token(), &kTwo));
  CHECK(gate.enter({}, &kTwo));
}

TEST_CASE("one of all looks once in a while, and at once where more is expected",
          "[unit][work_gate]") {
  WorkGate gate{1h};
  CHECK(gate.is_time_to_look());
  CHECK_FALSE(gate.is_time_to_look());
  gate.expect_more();
  CHECK(gate.is_time_to_look());
  CHECK_FALSE(gate.is_time_to_look());
}
