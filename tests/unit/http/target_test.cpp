#include "http/target.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using http::parse_target;
using Segments = std::vector<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("a path is cut at its slashes before it is decoded", "[unit][http]") {
  CHECK(parse_target("/")->segments == Segments{""});
  CHECK(parse_target("/v1/jobs/3k7")->segments == Segments{"v1", "jobs", "3k7"});
  CHECK(parse_target("/caf%C3%A9/a%20b")->segments == Segments{"café", "a b"});
  CHECK(parse_target("//a/")->segments == Segments{"", "a", ""});
  CHECK(parse_target("/100%25")->segments == Segments{"100%"});
  CHECK(parse_target("/%2541")->segments == Segments{"%41"});  // Decoded once, not twice.
  CHECK(parse_target("/a+b")->segments == Segments{"a+b"});
}

TEST_CASE("a query is decoded as forms are", "[unit][http]") {
  CHECK(parse_target("/q?lat=37.7&lon=-122.4")->query == Query{{"lat", "37.7"}, {"lon", "-122.4"}});
  CHECK(parse_target("/q?text=a+b%2Bc&empty=&bare&x=1=2")->query ==
        Query{{"text", "a b+c"}, {"empty", ""}, {"bare", ""}, {"x", "1=2"}});
  CHECK(parse_target("/q?&&a=1&")->query == Query{{"a", "1"}});
  CHECK(parse_target("/q?")->query.empty());
  CHECK(parse_target("/q?a=1&a=2")->query == Query{{"a", "1"}, {"a", "2"}});
  CHECK(parse_target("/q?a=/../%2e%2e?b")->query == Query{{"a", "/../..?b"}});
}

TEST_CASE("a target that could mean two things is refused", "[unit][http]") {
  const auto target = GENERATE(as<std::string>{},
                               "",
                               "*",
                               "v1/jobs",
                               "http://host/v1/jobs",
                               "/a#b",
                               "/a%",
                               "/a%4",
                               "/a%zz",
                               "/a%+4",
                               "/a%u0041",
                               "/a%00",
                               "/a%0d%0ab",
                               "/a%7f",
                               "/..",
                               "/a/../b",
                               "/a/%2e%2e/b",
                               "/./a",
                               "/a%2Fb",
                               "/a%ff",
                               "/a%c0%af",
                               "/a%ed%a0%80",
                               "/q?a=%",
                               "/q?a=%00",
                               "/q?%ff=1",
                               "/q?a=%0a");
  CAPTURE(target);
  const auto parsed = parse_target(target);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().status == 400);
}

TEST_CASE("a query of more than 64 parameters is refused", "[unit][http]") {
  std::string target = "/q?";
  for (int count = 0; count < 64; ++count) target += "a=1&";
  CHECK(parse_target(target)->query.size() == 64);
  CHECK_FALSE(parse_target(target + "a=1"));
}
