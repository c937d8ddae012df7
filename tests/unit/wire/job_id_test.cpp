#include "wire/job_id.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <random>

using wire::JobId;

namespace {
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
}

TEST_CASE("a job id is 13 letters and comes back from them", "[unit][job_id]") {
  CHECK(JobId{1}.text() == "0000000000001");
  CHECK(JobId{32}.text() == "0000000000010");
  CHECK(JobId{31}.text() == "000000000000z");
  CHECK(JobId{kMost}.text() == "7zzzzzzzzzzzz");
  for (const std::int64_t value : {std::int64_t{1}, std::int64_t{123456789012345}, kMost}) {
    CHECK(JobId::parse(JobId{value}.text()) == JobId{value});
  }
}

TEST_CASE("the texts of job ids sort as their numbers", "[unit][job_id]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  std::uniform_int_distribution<std::int64_t> any{1, kMost};
  for (int round = 0; round < 1000; ++round) {
    const JobId left{any(random) >> (round % 60) | 1};
    const JobId right{any(random)};
    REQUIRE((left < right) == (left.text() < right.text()));
    REQUIRE(JobId::parse(left.text())->value() == left.value());
  }
}

TEST_CASE("a text that no job id has is refused", "[unit][job_id]") {
  const std::string text = GENERATE(as<std::string>{},
                                    "",
                                    "1",
                                    "000000000000",    // 12
                                    "00000000000001",  // 14
                                    "0000000000000",   // zero
                                    "8000000000000",   // 2^63
                                    "zzzzzzzzzzzzz",   // 2^65 - 1
                                    "000000000000i",
                                    "000000000000l",
                                    "000000000000o",
                                    "000000000000u",
                                    "000000000000A",
                                    " 000000000001",
                                    "-000000000001",
                                    "/000000000001",
                                    "' or 1=1 -- x");
  CAPTURE(text);
  CHECK_FALSE(JobId::parse(text));
  CHECK_FALSE(JobId::parse(std::string("000000000001\0", 13)));
}
