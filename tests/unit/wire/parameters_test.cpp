#include "wire/parameters.hpp"

#include <catch2/catch.hpp>

using wire::Parameters;

namespace {

std::string faults_of(const Parameters::Pairs& pairs) {
  Parameters parameters{pairs};
  static_cast<void>(parameters.number("lat", -90, 90));
  static_cast<void>(parameters.optional_integer("limit", 1, 100));
  static_cast<void>(parameters.optional_choice("sort", {"new", "top"}));
  static_cast<void>(parameters.optional_text("q", {.code_points_max = 5}));
  const auto problem = std::move(parameters).finish();
  if (!problem) return "";
  CHECK(problem->status == 400);
  CHECK(problem->type == "invalid-parameters");
  std::string faults;
  for (const auto& error : problem->errors) faults += error.pointer + ' ' + error.detail + '\n';
  return faults;
}

}  // namespace

TEST_CASE("good parameters are read", "[unit][parameters]") {
  Parameters parameters{{{"lat", "-37.5"}, {"n", "7"}, {"kind", "stars"}, {"q", " Où? "}}};
  CHECK(parameters.number("lat", -90, 90) == -37.5);
  CHECK(parameters.integer("n", 1, 9) == 7);
  CHECK(parameters.choice("kind", {"stars", "places"}) == "stars");
  CHECK(parameters.text("q", {}) == "Où?");
  CHECK_FALSE(parameters.optional_number("lon", -180, 180));
  CHECK_FALSE(parameters.optional_integer("limit", 1, 100));
  CHECK_FALSE(std::move(parameters).finish());
}

TEST_CASE("a number is the whole parameter and finite", "[unit][parameters]") {
  for (const char* text : {"",
                           " 1",
                           "1 ",
                           "+1",
                           "1,5",
                           "0x1",
                           "1e400",
                           "inf",
                           "nan",
                           "-nan",
                           "12a",
                           "1e",
                           "--1",
                           "90.1",
                           "١"}) {
    CAPTURE(text);
    CHECK(faults_of({{"lat", text}}) == "/lat must be a number from -90 to 90\n");
  }
  CHECK(faults_of({{"lat", std::string("1\0", 2)}}) != "");
  for (const char* text : {"0", "101", "1.0", "1e1", "", "+5", "99999999999999999999", "0x5"}) {
    CAPTURE(text);
    CHECK(faults_of({{"lat", "1"}, {"limit", text}}) ==
          "/limit must be a whole number from 1 to 100\n");
  }
  CHECK(faults_of({{"lat", "-9e1"}, {"limit", "100"}}) == "");
}

TEST_CASE("unknown, repeated and missing parameters are refused by name", "[unit][parameters]") {
  CHECK(faults_of({{"lat", "1"}, {"lat", "2"}}) == "/lat must be given once only\n");
  CHECK(faults_of({{"lat", "1"}, {"Lat", "1"}}) == "/Lat is not known here: leave it out\n");
  CHECK(faults_of({}) == "/lat is missing: must be a number from -90 to 90\n");
  CHECK(faults_of({{"lat", "1"}, {"sort", "old"}, {"q", "\xFF"}}) ==
        "/sort must be one of \"new\", \"top\"\n/q must be valid UTF-8\n");
}
