// S5: what goes wrong behind the door tells the client nothing, and the process stays.
#include "unit/http/attack.hpp"

#include <catch2/catch.hpp>

#include <string>

using http_test::Answer;
using http_test::AttackedServer;
using http_test::exchange;
using http_test::get;
using http_test::RawClient;

TEST_CASE_METHOD(AttackedServer, "S5: what a handler throws stays here", "[unit][http]") {
  struct Row {
    const char* path;
    int status;
    const char* retry_after;
  };
  for (const Row& row : {Row{"/broken", 500, ""}, Row{"/odd", 500, ""}, Row{"/busy", 503, "1"}}) {
    CAPTURE(row.path);
    const Answer answer = exchange(port(), get(row.path));
    CHECK(answer.status == row.status);
    CHECK(answer.header("retry-after") == row.retry_after);
    CHECK(answer.header("content-type") == "application/problem+json");
    CHECK(answer.bytes.find("secret") == std::string::npos);
    CHECK(answer.bytes.find("EXCEPTION_WHAT") == std::string::npos);
    CHECK((answer.body.find("Error id: ") != std::string::npos) == (row.status == 500));
    CHECK(exchange(port(), get("/v1/things/7")).status == 200);
  }
}

TEST_CASE_METHOD(AttackedServer,
                 "S5: a failed request does not cost the connection",
                 "[unit][http]") {
  RawClient client{port()};
  for (int count = 0; count < 3; ++count) {
    CHECK(client.send(get("/broken")).receive().status == 500);
    CHECK(client.send(get("/odd")).receive().status == 500);
    CHECK(client.send(get("/v1/things/7")).receive().status == 200);
  }
}
