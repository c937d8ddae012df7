// S4: only the socket says who is calling.
#include "unit/http/attack.hpp"

#include <catch2/catch.hpp>

#include <string>

using http_test::Answer;
using http_test::AttackedServer;
using http_test::exchange;
using http_test::get;

TEST_CASE_METHOD(AttackedServer, "S4: no header changes who is calling", "[unit][http]") {
  for (const char* name : {"REMOTE_ADDR",
                           "Remote-Addr",
                           "X-Forwarded-For",
                           "X-Real-IP",
                           "Forwarded",
                           "X-Client-IP",
                           "True-Client-IP",
                           "CF-Connecting-IP",
                           "Via"}) {
    CAPTURE(name);
    const Answer answer =
        exchange(port(), get("/v1/things/7", std::string{name} + ": for=6.6.6.6\r\n"));
    REQUIRE(answer.status == 200);
    CHECK(base::Json::parse(answer.body)["remote_address"] == "127.0.0.1");
  }
  const Answer answer = exchange(port(), get("/v1/things/7", "REMOTE_ADDR: 6.6.6.6\r\n"));
  // A header like any other.
  CHECK(base::Json::parse(answer.body)["remote_addr_header"] == "6.6.6.6");
}
