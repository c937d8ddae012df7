#include "http/server.hpp"

#include "base/error.hpp"
#include "unit/http/raw_client.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <string>

using http_test::Answer;
using http_test::exchange;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::ServerFixture;

TEST_CASE_METHOD(ServerFixture, "a handler sees the request as it was meant", "[unit][http]") {
  const Answer answer =
      exchange(port(), get("/v1/things/caf%C3%A9?near=a+b%2Bc", "Authorization: Bearer a%2Eb\r\n"));
  REQUIRE(answer.status == 200);
  const auto seen = base::Json::parse(answer.body);
  CHECK(seen["path"] == "/v1/things/café");
  CHECK(seen["path_parameters"]["id"] == "café");
  CHECK(seen["query"]["near"] == "a b+c");
  CHECK(seen["authorization"] == "Bearer a%2Eb");
  CHECK(seen["remote_address"] == "127.0.0.1");
}

TEST_CASE_METHOD(ServerFixture, "every method reaches its handler with its body", "[unit][http]") {
  const std::string method = GENERATE("POST", "PUT", "PATCH");
  CAPTURE(method);
  const std::string path = method == "POST" ? "/v1/things" : "/v1/things/7";
  std::string request = post(path, R"({"a":1})");
  request.replace(0, 4, method);
  const auto seen = base::Json::parse(exchange(port(), request).body);
  CHECK(seen["method"] == method);
  CHECK(seen["body_bytes"] == 7);

  CHECK(exchange(port(), "DELETE /v1/things/7 HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);
}

TEST_CASE_METHOD(ServerFixture,
                 "every answer has its length, its date and its safety headers",
                 "[unit][http]") {
  const std::string request =
      GENERATE(get("/v1/things/7"), get("/nowhere"), get("/broken"), std::string{"?\r\n\r\n"});
  CAPTURE(request);
  const Answer answer = exchange(port(), request);
  CHECK(answer.header("date").ends_with(" GMT"));
  CHECK(answer.header("cache-control") == "no-store");
  CHECK(answer.header("x-content-type-options") == "nosniff");
  CHECK(answer.header("referrer-policy") == "no-referrer");
  CHECK(answer.header("content-length") == std::to_string(answer.body.size()));
  CHECK(answer.header("x-request-id").size() == 16);
}

TEST_CASE_METHOD(ServerFixture, "an answer says whose request it is for", "[unit][http]") {
  const std::string longest(64, 'a');
  for (const std::string& id : {std::string{"a"}, std::string{"A-z_0.9"}, longest}) {
    const Answer answer = exchange(port(), get("/nowhere", "X-Request-Id: " + id + "\r\n"));
    CHECK(answer.header("x-request-id") == id);
  }
  for (const std::string& id :
       {longest + "a", std::string{"a b"}, std::string{"a;b"}, std::string{"\xc3\xa9"}}) {
    const Answer answer = exchange(port(), get("/nowhere", "X-Request-Id: " + id + "\r\n"));
    CHECK(answer.header("x-request-id").size() == 16);
    CHECK(answer.header("x-request-id") != id);
  }
}

TEST_CASE_METHOD(ServerFixture, "HEAD is GET without the body", "[unit][http]") {
  const Answer whole = exchange(port(), get("/split"));
  std::string request = get("/split");
  request.replace(0, 3, "HEAD");
  const Answer head = exchange(port(), request);
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(head.header("content-length") == whole.header("content-length"));
  CHECK(head.header("content-type") == whole.header("content-type"));
}

TEST_CASE_METHOD(ServerFixture, "an answer without a body says no length", "[unit][http]") {
  const Answer answer = exchange(port(), get("/empty"));
  CHECK(answer.status == 204);
  CHECK_FALSE(answer.headers.contains("content-length"));
  CHECK_FALSE(answer.headers.contains("content-type"));
}

TEST_CASE_METHOD(ServerFixture, "a wrong path is 404, a wrong method 405", "[unit][http]") {
  const Answer nowhere = exchange(port(), get("/v1/nowhere"));
  CHECK(nowhere.status == 404);
  CHECK(nowhere.header("content-type") == "application/problem+json");
  CHECK(base::Json::parse(nowhere.body)["type"] == "urn:earshot:problem:not-found");

  const Answer wrong = exchange(port(), get("/v1/things"));
  CHECK(wrong.status == 405);
  CHECK(wrong.header("allow") == "OPTIONS, POST");

  // Refused before the body: not a byte of it is sent here.
  CHECK(exchange(port(), "POST /v1/nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
            .status == 404);
  CHECK(exchange(port(), "POST /v1/things/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
            .status == 405);

  const Answer options = exchange(port(), "OPTIONS /v1/things/7 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(options.status == 204);
  CHECK(options.header("allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT");
}

TEST_CASE_METHOD(ServerFixture, "a body may have its limit and not a byte more", "[unit][http]") {
  const std::size_t limit = 64 * 1024;
  const Answer full = exchange(port(), post("/v1/things", std::string(limit, ' ')));
  REQUIRE(full.status == 200);
  CHECK(base::Json::parse(full.body)["body_bytes"] == limit);
  CHECK(exchange(port(), post("/v1/things", std::string(limit + 1, ' '))).status == 413);
  CHECK(runs() == 1);

  // A route may have its own.
  const std::size_t large = 4 * 1024 * 1024;
  CHECK(exchange(port(), post("/v1/lists", std::string(large, ' '))).status == 200);
  CHECK(exchange(port(), post("/v1/lists", std::string(large + 1, ' '))).status == 413);
}

TEST_CASE_METHOD(ServerFixture, "a body is JSON of a declared length", "[unit][http]") {
  const auto request = [](const std::string& headers) {
    return "POST /v1/things HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n{}";
  };
  const std::string length = "Content-Length: 2\r\n";
  CHECK(exchange(port(), request(length + "Content-Type: application/json\r\n")).status == 200);
  CHECK(exchange(port(), request(length + "Content-Type: APPLICATION/json;charset=utf-8\r\n"))
            .status == 200);
  CHECK(exchange(port(), request(length + "Content-Type: application/jsonp\r\n")).status == 415);
  CHECK(exchange(port(), request(length + "Content-Type: multipart/form-data; boundary=a\r\n"))
            .status == 415);
  CHECK(exchange(port(), request(length)).status == 415);
  CHECK(exchange(port(), request("Content-Type: application/json\r\n")).status == 411);
  CHECK(runs() == 2);
}

TEST_CASE_METHOD(ServerFixture,
                 "a POST without a body is welcome where a route says so",
                 "[unit][http]") {
  CHECK(exchange(port(), "POST /v1/guests HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);
  CHECK(
      exchange(port(), "POST /v1/guests HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status ==
      200);
  CHECK(exchange(port(), post("/v1/guests", "{}")).status == 200);
  CHECK(exchange(port(), "POST /v1/guests HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
            .status == 415);
}

TEST_CASE_METHOD(ServerFixture,
                 "a client that waits to be asked for its body is asked",
                 "[unit][http]") {
  RawClient client{port()};
  std::string request = post("/v1/things", "{}", "Expect: 100-continue\r\n");
  request.resize(request.size() - 2);
  CHECK(client.send(request).receive().bytes == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(client.send("{}").receive().status == 200);

  SECTION("but not for one that is refused") {
    RawClient other{port()};
    const Answer answer = other
                              .send(
                                  "POST /v1/things HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                  "Content-Length: 999999\r\n\r\n")
                              .receive();
    CHECK(answer.status == 413);
  }
  SECTION("nor for one that does not wait") {
    RawClient other{port()};
    CHECK(other.send(post("/v1/things", "{}", "Expect: 100-continue\r\n")).receive().status == 200);
  }
  SECTION("nor for HTTP/1.0, which does not know the question") {
    RawClient other{port()};
    std::string old = request;
    old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
    CHECK(other.send(old).is_silent_for(std::chrono::milliseconds{50}));
    CHECK(other.send("{}").receive().status == 200);
  }
}

TEST_CASE_METHOD(ServerFixture,
                 "nothing is compressed, whatever the client offers",
                 "[unit][http]") {
  const Answer answer =
      exchange(port(), get("/v1/things/7", "Accept-Encoding: gzip, br, deflate\r\n"));
  CHECK_FALSE(answer.headers.contains("content-encoding"));
  CHECK(base::Json::parse(answer.body)["path"] == "/v1/things/7");
}

TEST_CASE_METHOD(ServerFixture, "a large answer arrives whole", "[unit][http]") {
  CHECK(exchange(port(), get("/large")).body.size() == 8 * 1024 * 1024);
}

TEST_CASE_METHOD(ServerFixture, "a port is never shared", "[unit][http]") {
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  const std::string expected = "port " + std::to_string(port()) +
                               " on 127.0.0.1 is in use: stop the other program or choose another "
                               "with --http-port";
  CHECK_THROWS_WITH((http::Server{{.port = port()}, {}, log}), expected);
  CHECK_THROWS_AS((http::Server{{.host = "192.0.2.1", .port = 0}, {}, log}), base::Error);
}

namespace {

class WithOrigins : public ServerFixture {
 protected:
  WithOrigins() : ServerFixture{{.cors = {.origins = {"https://app.example.org"}}}} {}

  [[nodiscard]] Answer preflight(const std::string& origin) const {
    return exchange(port(),
                    "OPTIONS /v1/things/7 HTTP/1.1\r\nHost: a\r\nOrigin: " + origin +
                        "\r\nAccess-Control-Request-Method: DELETE\r\n\r\n");
  }
};

}  // namespace

TEST_CASE_METHOD(WithOrigins, "a page of a configured origin may call", "[unit][http]") {
  const Answer asked = preflight("https://app.example.org");
  CHECK(asked.status == 204);
  CHECK(asked.header("access-control-allow-origin") == "https://app.example.org");
  CHECK(asked.header("access-control-allow-methods") == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT");
  CHECK(asked.header("access-control-allow-headers").find("Idempotency-Key") != std::string::npos);
  CHECK(asked.header("vary") == "Origin");

  const Answer answer = exchange(port(), get("/v1/nowhere", "Origin: https://app.example.org\r\n"));
  CHECK(answer.status == 404);  // Problems are readable too.
  CHECK(answer.header("access-control-allow-origin") == "https://app.example.org");
  CHECK(answer.header("access-control-expose-headers").find("Location") != std::string::npos);
}

TEST_CASE_METHOD(WithOrigins, "a page of any other origin may not", "[unit][http]") {
  const std::string origin = GENERATE("null",
                                      "*",
                                      "https://app.example.org.evil.example",
                                      "http://app.example.org",
                                      "https://app.example.org:444",
                                      "https://APP.example.org",
                                      "");
  CAPTURE(origin);
  CHECK_FALSE(preflight(origin).headers.contains("access-control-allow-origin"));
  const Answer answer = exchange(port(), get("/v1/things/7", "Origin: " + origin + "\r\n"));
  CHECK_FALSE(answer.headers.contains("access-control-allow-origin"));
  CHECK(answer.header("vary") == "Origin");
}
