#include "engine/bridge/retry_pause.hpp"

#include <catch2/catch.hpp>

#include <set>

using engine::bridge::RetryPause;
using namespace std::chrono_literals;

TEST_CASE("pauses double up to the longest, and half of each is chance", "[unit][bridge]") {
  std::set<std::chrono::milliseconds> firsts;
  for (int i = 0; i < 50; ++i) {
    RetryPause pause{/*first=*/100ms, /*most=*/700ms};
    for (const auto whole : {100ms, 200ms, 400ms, 700ms, 700ms}) {
      const auto next = pause.next();
      CHECK(next >= whole / 2);
      CHECK(next <= whole);
      if (whole == 100ms) firsts.insert(next);
    }
    pause.reset();
    CHECK(pause.next() <= 100ms);
  }
  CHECK(firsts.size() > 10);  // Out of 51; with a common one all would come back in step.
}
