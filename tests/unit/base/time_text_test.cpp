#include "base/time_text.hpp"

#include <catch2/catch.hpp>

#include <string>

TEST_CASE("what is written as a time is read as the same time", "[unit][base]") {
  const std::chrono::system_clock::time_point at{std::chrono::milliseconds{1'795'000'503'127}};
  CHECK(base::parse_utc(base::utc_text(at)) == at);
}

TEST_CASE("the same moment can be written in several ways", "[unit][base]") {
  const auto moment = base::parse_utc("2026-11-23T20:15:03Z");
  REQUIRE(moment);
  for (const char* text : {"2026-11-23t20:15:03z",
                           "2026-11-23 20:15:03.000Z",
                           "2026-11-23T21:45:03+01:30",
                           "2026-11-23T12:15:03.0009-08:00"}) {
    CAPTURE(text);
    CHECK(base::parse_utc(text) == moment);
  }
  CHECK(*base::parse_utc("2026-11-23T20:15:03.12Z") - *moment == std::chrono::milliseconds{120});
  CHECK(base::parse_utc("2024-02-29T00:00:00Z"));
}

TEST_CASE("what names no moment is refused", "[unit][base]") {
  for (const char* text : {"",
                           "tomorrow",
                           "2026-11-23",
                           "2026-11-23T20:15:03",
                           "2026-11-23T20:15Z",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T20:60:00Z",
                           "2026-11-23T20:15:03.Z",
                           "2026-11-23T20:15:03Zulu",
                           "2026-11-23T20:15:03+1:00",
                           "2026-02-29T20:15:03Z",
                           "2026-13-01T20:15:03Z",
                           "2026-00-01T20:15:03Z",
                           "-026-11-23T20:15:03Z",
                           "1969-11-23T20:15:03Z",
                           "2262-01-01T00:00:00Z",
                           "12026-11-23T20:15:03Z"}) {
    CAPTURE(text);
    CHECK_FALSE(base::parse_utc(text));
  }
}
