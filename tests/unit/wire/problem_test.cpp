#include "wire/problem.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
namespace problem = wire::problem;

TEST_CASE("a problem is written as RFC 9457 wants it", "[unit][problem]") {
  CHECK(base::to_text(wire::to_json(
            problem::invalid_body({{.pointer = "/lat", .detail = "must be a number"}}))) ==
        R"({"type":"urn:earshot:problem:invalid-body","title":"The body is not as expected",)"
        R"("status":400,"detail":"Correct what 'errors' lists and send it again.",)"
        R"("errors":[{"pointer":"/lat","detail":"must be a number"}]})");
  CHECK_FALSE(wire::to_json(problem::internal()).contains("errors"));
}

TEST_CASE("every problem has its status, its type and words", "[unit][problem]") {
  struct Row {
    wire::Problem made;
    int status;
    std::string type;
  };
  const std::vector<Row> rows{
      {problem::invalid_body({}), 400, "invalid-body"},
      {problem::invalid_parameters({}), 400, "invalid-parameters"},
      {problem::malformed_json("It ends too early."), 400, "malformed-json"},
      {problem::unauthorized(), 401, "unauthorized"},
      {problem::forbidden(), 403, "forbidden"},
      {problem::not_found("job"), 404, "not-found"},
      {problem::method_not_allowed("GET"), 405, "method-not-allowed"},
      {problem::length_required(), 411, "length-required"},
      {problem::body_too_large(65536), 413, "body-too-large"},
      {problem::unsupported_media_type(), 415, "unsupported-media-type"},
      {problem::too_many_requests(3s), 429, "too-many-requests"},
      {problem::too_many_headers(), 431, "too-many-headers"},
      {problem::internal(), 500, "internal"},
      {problem::unavailable("The queue is full.", 2s), 503, "unavailable"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.type);
    CHECK(row.made.status == row.status);
    CHECK(row.made.type == row.type);
    CHECK_FALSE(row.made.title.empty());
    CHECK_FALSE(row.made.detail.empty());
  }
  CHECK(problem::too_many_requests(3s).retry_after == 3s);
  CHECK(problem::unavailable("", 2s).retry_after == 2s);
}

TEST_CASE("a pointer escapes what means something in pointers", "[unit][problem]") {
  CHECK(wire::pointer_step("lat") == "/lat");
  CHECK(wire::pointer_step("a/b~c") == "/a~1b~0c");
  CHECK(wire::pointer_step("") == "/");
}
