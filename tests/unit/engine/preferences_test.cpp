#include "engine/requests/preferences.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using engine::requests::preferred_wait;

TEST_CASE("a client says in Prefer how long it would wait", "[unit][requests]") {
  const std::vector<std::pair<std::string, int>> rows{
      {"wait=10", 10},
      {"WAIT=10", 10},
      {"  wait = 7 ", 7},
      {"wait=\"8\"", 8},
      {"respond-async, wait=3", 3},
      {"respond-async,wait=3;foo=bar", 3},
      {"handling=lenient; x, wait=4, wait=9", 4},  // The first counts.
      {"wait=25", 25},
      {"wait=26", 25},
      {"wait=99999999999999999999", 25},
      // Nobody waits.
      {"", 0},
      {"respond-async", 0},
      {"wait", 0},
      {"wait=", 0},
      {"wait=0", 0},
      {"wait=-5", 0},
      {"wait=1.5", 0},
      {"wait=5s", 0},
      {"wait=+5", 0},
      {"waiting=5", 0},
      {"return=\"wait=5\"", 0},
      {",,;,=,", 0},
  };
  for (const auto& [prefer, seconds] : rows) {
    CAPTURE(prefer);
    http::Request request;
    request.headers.emplace("prefer", prefer);
    const auto wait = preferred_wait(request);
    CHECK((wait ? static_cast<int>(wait->count()) : 0) == seconds);
  }
  CHECK_FALSE(preferred_wait(http::Request{}).has_value());
}
