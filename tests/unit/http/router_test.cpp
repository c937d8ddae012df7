#include "http/router.hpp"

#include "http/target.hpp"

#include <catch2/catch.hpp>

#include <string>

using http::Request;
using http::Response;
using http::Router;

namespace {

http::Handler nothing() {
  return [](const Request&) { return Response{}; };
}

Router::Match find(const Router& router, const std::string& method, const std::string& path) {
  return router.find(method, http::parse_target(path)->segments);
}

std::string pattern_of(const Router::Match& match) {
  return match.route == nullptr ? "none" : match.route->pattern;
}

}  // namespace

TEST_CASE("a route is found by whole segments, literals first", "[unit][http]") {
  Router router;
  router.add("GET", "/v1/{kind}/{id}", nothing());
  router.add("GET", "/v1/questions/{id}", nothing());
  router.add("GET", "/v1/questions/mine", nothing());
  router.add("DELETE", "/v1/questions/{id}", nothing());
  router.add("GET", "/", nothing());

  CHECK(pattern_of(find(router, "GET", "/v1/questions/mine")) == "/v1/questions/mine");
  CHECK(pattern_of(find(router, "GET", "/v1/questions/7")) == "/v1/questions/{id}");
  CHECK(pattern_of(find(router, "GET", "/v1/jobs/7")) == "/v1/{kind}/{id}");
  CHECK(pattern_of(find(router, "GET", "/")) == "/");
  CHECK(pattern_of(find(router, "HEAD", "/")) == "/");
  CHECK(find(router, "GET", "/v1/jobs/7").path_parameters.at("kind") == "jobs");
  CHECK(find(router, "GET", "/v1/jobs/a%20b").path_parameters.at("id") == "a b");
}

TEST_CASE("a path that is not quite a route is no route", "[unit][http]") {
  Router router;
  router.add("GET", "/v1/questions/{id}", nothing());
  const auto path = GENERATE(as<std::string>{},
                             "/v1/questions",
                             "/v1/questions/",
                             "/v1/questions/7/",
                             "/v1//questions/7",
                             "/V1/questions/7",
                             "/v1/questions/7/heatmap",
                             "/");
  CAPTURE(path);
  const Router::Match match = find(router, "GET", path);
  CHECK(match.route == nullptr);
  CHECK(match.allow.empty());
}

TEST_CASE("a wrong method is told the right ones", "[unit][http]") {
  Router router;
  router.add("GET", "/v1/questions/{id}", nothing());
  router.add("DELETE", "/v1/questions/{id}", nothing());
  router.add("POST", "/v1/questions", nothing());

  CHECK(find(router, "POST", "/v1/questions/7").route == nullptr);
  CHECK(find(router, "POST", "/v1/questions/7").allow == "DELETE, GET, HEAD, OPTIONS");
  CHECK(find(router, "GET", "/v1/questions").allow == "OPTIONS, POST");
}

TEST_CASE("the fallback answers GET for what nobody else has, and only that", "[unit][http]") {
  Router router;
  router.add("POST", "/v1/questions", nothing());
  router.set_fallback(nothing());

  CHECK(pattern_of(find(router, "GET", "/assets/main.js")) == "*");
  CHECK(pattern_of(find(router, "HEAD", "/")) == "*");
  CHECK(pattern_of(find(router, "GET", "/v1/questions")) == "none");
  CHECK(pattern_of(find(router, "POST", "/")) == "none");
}
