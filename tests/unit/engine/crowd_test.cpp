#include "engine/jobs/crowd.hpp"

#include <catch2/catch.hpp>

using engine::jobs::Crowd;
using namespace std::chrono_literals;

namespace {

constexpr Crowd::Monotonic kStart{1h};

}  // namespace

TEST_CASE("a crowd is the most that were there at once", "[jobs]") {
  Crowd crowd{20ms};
  CHECK(crowd.size() == 0);

  crowd.see(3, kStart);
  crowd.see(1, kStart + 1ms);

  CHECK(crowd.size() == 3);
}

TEST_CASE("a crowd is remembered for one to two windows", "[jobs]") {
  Crowd crowd{20ms};
  crowd.see(3, kStart);
  crowd.see(2, kStart + 19ms);

  crowd.see(1, kStart + 20ms);
  CHECK(crowd.size() == 3);
  crowd.see(1, kStart + 39ms);
  CHECK(crowd.size() == 3);

  crowd.see(1, kStart + 40ms);
  CHECK(crowd.size() == 1);
}

TEST_CASE("a crowd that nobody saw for two windows is gone", "[jobs]") {
  Crowd crowd{20ms};
  crowd.see(5, kStart);

  crowd.see(1, kStart + 40ms);

  CHECK(crowd.size() == 1);
}
