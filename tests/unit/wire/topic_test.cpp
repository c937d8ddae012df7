#include "wire/topic.hpp"

#include <catch2/catch.hpp>

namespace {

geo::Cell cell(std::string_view text) {
  return geo::parse_cell(text).value();
}

}  // namespace

TEST_CASE("an event's topic has the first three letters in one level", "[unit][topic]") {
  CHECK(wire::geo_topic(cell("9q8yyk9")) == "earshot/v1/geo/9q8/y/y/k/9");
}

TEST_CASE("a cell's filter is everything below it, and a leaf's is its topic", "[unit][topic]") {
  CHECK(wire::geo_filter(cell("9q8")) == "earshot/v1/geo/9q8/#");
  CHECK(wire::geo_filter(cell("9q8y")) == "earshot/v1/geo/9q8/y/#");
  CHECK(wire::geo_filter(cell("9q8yyk")) == "earshot/v1/geo/9q8/y/y/k/#");
  CHECK(wire::geo_filter(cell("9q8yyk9")) == "earshot/v1/geo/9q8/y/y/k/9");
}

TEST_CASE("heads, jobs and the status have their topics", "[unit][topic]") {
  CHECK(wire::head_topic(cell("9q8yy")) == "earshot/v1/head/9q8/y/y");
  CHECK(wire::user_job_topic(*wire::Caller::from("own", "a_b"), wire::JobId{33}) ==
        "earshot/v1/users/own-a_5fb/jobs/0000000000011");
  CHECK(wire::status_topic() == "earshot/v1/status");
}

TEST_CASE("the heads of a cell are those of the areas that it touches", "[unit][topic]") {
  CHECK(wire::head_filter(cell("9q8y")) == "earshot/v1/head/9q8/y/#");
  CHECK(wire::head_filter(cell("9q8yy")) == "earshot/v1/head/9q8/y/y");
  CHECK(wire::head_filter(cell("9q8yyk9")) == "earshot/v1/head/9q8/y/y");
}

TEST_CASE("the cell comes back from an event's topic", "[unit][topic]") {
  CHECK(wire::cell_of_topic("earshot/v1/geo/9q8/y/y/k/9") == cell("9q8yyk9"));
}

TEST_CASE("a topic that no event has gives no cell", "[unit][topic]") {
  const std::string topic = GENERATE(as<std::string>{},
                                     "",
                                     "earshot/v1/geo/",
                                     "earshot/v1/geo/9q8",
                                     "earshot/v1/geo/9q8/y/y/k",
                                     "earshot/v1/geo/9q8/y/y/k/9/9",
                                     "earshot/v1/geo/9q8yyk9",
                                     "earshot/v1/geo/9/q/8/y/y/k/9",
                                     "earshot/v1/geo/9q8//y/y/k9",
                                     "earshot/v1/geo/9q8/y/y/k/9/",
                                     "/earshot/v1/geo/9q8/y/y/k/9",
                                     "earshot/v1/geo/9Q8/Y/Y/K/9",
                                     "earshot/v1/geo/9q8/y/y/k/#",
                                     "earshot/v1/geo/9q8/y/y/k/a",
                                     "earshot/v1/head/9q8/y/y/k/9",
                                     "earshot/v2/geo/9q8/y/y/k/9");
  CAPTURE(topic);
  CHECK_FALSE(wire::cell_of_topic(topic));
}
