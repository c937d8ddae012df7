// S3: nothing that a client sends becomes a line of an answer, and nothing is cut off at a NUL.
#include "unit/http/attack.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using http_test::Answer;
using http_test::Attack;
using http_test::AttackedServer;
using http_test::exchange;
using http_test::get;
using http_test::post;

TEST_CASE_METHOD(AttackedServer, "S3: control characters are refused", "[unit][http]") {
  const auto with = [](const std::string& value) { return get("/v1/things/7", value + "\r\n"); };
  const std::string nul{"\0", 1};
  const std::vector<Attack> attacks{
      {"LF in a header", {with("X: a\nSet-Cookie: x")}, {400}},
      {"CR in a header", {with("X: a\rSet-Cookie: x")}, {400}},
      {"NUL in a header", {with("X: a" + nul + "b")}, {400}},
      {"NUL in a name", {with("X" + nul + ": a")}, {400}},
      {"DEL in a header", {with("X: a\x7f")}, {400}},
      {"escape in a header", {with("X: \x1b[2J")}, {400}},
      {"NUL in the path", {get("/v1/things/a" + nul + "b")}, {400}},
      {"NUL in the method", {"GE" + nul + "T / HTTP/1.1\r\nHost: a\r\n\r\n"}, {400}},
      {"encoded NUL in the path", {get("/v1/things/a%00b")}, {400}},
      {"encoded NUL in the query", {get("/v1/things/7?a=%00")}, {400}},
      {"encoded line break in the path", {get("/v1/things/a%0d%0aSet-Cookie:%20x")}, {400}},
      {"encoded line break in the query", {get("/v1/things/7?a=%0D%0ASet-Cookie:x")}, {400}},
      {"half a character in the path", {get("/v1/things/%ff")}, {400}},
      {"a bare byte in the path", {get("/v1/things/\xff")}, {400}},
      {"a line break in the Host", {"GET / HTTP/1.1\r\nHost: a\nb\r\n\r\n"}, {400}},
      {"markup in the Host", {"GET / HTTP/1.1\r\nHost: <a>\r\n\r\n"}, {400}},
  };
  for (const Attack& attack : attacks) check_refused(attack);
}

TEST_CASE_METHOD(AttackedServer, "S3: an encoded line break stays encoded", "[unit][http]") {
  const std::string header = "Authorization: a%0d%0aSet-Cookie: x\r\n";
  const Answer answer = exchange(port(), get("/v1/things/7", header));
  CHECK(answer.status == 200);
  CHECK_FALSE(answer.headers.contains("set-cookie"));
  CHECK(base::Json::parse(answer.body)["authorization"] == "a%0d%0aSet-Cookie: x");
}

TEST_CASE_METHOD(AttackedServer, "S3: a handler cannot split an answer either", "[unit][http]") {
  for (const char* path : {"/split", "/named"}) {
    CAPTURE(path);
    const Answer answer = exchange(port(), get(path));
    CHECK(answer.status == 200);
    CHECK(answer.body == "x");
    CHECK_FALSE(answer.headers.contains("injected"));
  }
}

TEST_CASE_METHOD(AttackedServer, "S3: a NUL in a body arrives as it is", "[unit][http]") {
  // What is in a body is for those who parse it; here nothing is cut off.
  const Answer answer = exchange(port(), post("/v1/things", std::string{"{\0}", 3}));
  CHECK(base::Json::parse(answer.body)["body_bytes"] == 3);
}
