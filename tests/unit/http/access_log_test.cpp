#include "http/access_log.hpp"

#include "support/scratch_folder.hpp"
#include "unit/http/raw_client.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <sstream>
#include <string>
#include <vector>

using http::access_line;
using http::Exchange;
using http_test::exchange;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::ServerFixture;
using namespace std::chrono_literals;

namespace {

/// A server whose lines are read when it has ended.
class Logged : public ServerFixture {
 protected:
  Logged() {
    stop();
    start({.access_log = {.path = path()}});
  }

  std::string text() {
    stop();
    return support::content_of(path());
  }
  std::vector<base::Json> lines() {
    std::istringstream text_lines{text()};
    std::vector<base::Json> all;
    for (std::string line; std::getline(text_lines, line);) all.push_back(base::Json::parse(line));
    return all;
  }

 private:
  [[nodiscard]] std::string path() const { return scratch_.path() / "access.log"; }

  support::ScratchFolder scratch_;
};

const std::string kTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

}  // namespace

TEST_CASE_METHOD(Logged, "every answered request is one line", "[unit][http]") {
  CHECK(exchange(port(),
                 get("/v1/things/secret-id?lat=52.5&lon=13.4",
                     "Authorization: Bearer secret-token\r\nX-Request-Id: abc-1\r\nTraceparent: " +
                         kTraceparent + "\r\n"))
            .status == 200);
  CHECK(exchange(port(), post("/v1/things", "{\"lat\": 52.5}")).status == 200);
  CHECK(exchange(port(), get("/v1/nowhere/secret-id")).status == 404);
  CHECK(exchange(port(), post("/v1/things", std::string(70'000, ' '))).status == 413);
  CHECK(exchange(port(), "BREW /secret-id HTTP/1.1\r\nHost: a\r\n\r\n").status == 405);
  CHECK(exchange(port(), get("/broken")).status == 500);

  const auto all = lines();
  REQUIRE(all.size() == 6);
  CHECK(all[0]["method"] == "GET");
  CHECK(all[0]["route"] == "/v1/things/{id}");
  CHECK(all[0]["status"] == 200);
  CHECK(all[0]["ms"].get<double>() > 0);
  CHECK(all[0]["bytes_in"] > 100);
  CHECK(all[0]["bytes_out"] > 100);
  CHECK(all[0]["address"] == "127.0.0.1");
  CHECK(all[0]["request_id"] == "abc-1");
  CHECK(all[0]["traceparent"] == kTraceparent);
  CHECK(all[0]["at"].get<std::string>().size() == 24);
  CHECK(all[1]["request_id"].get<std::string>().size() == 16);
  CHECK(all[4]["request_id"].get<std::string>().size() == 16);
  CHECK_FALSE(all[1].contains("traceparent"));
  CHECK(all[2]["route"].is_null());
  CHECK(all[2]["status"] == 404);
  CHECK(all[3]["route"] == "/v1/things");
  CHECK(all[3]["status"] == 413);
  CHECK(all[4]["method"].is_null());
  CHECK(all[5]["status"] == 500);
}

TEST_CASE_METHOD(Logged, "no line has a token, a place or an id", "[unit][http]") {
  for (const std::string& request :
       {get("/v1/things/secret-id?lat=52.5", "Authorization: Bearer secret-token\r\n"),
        get("/secret-id"),
        std::string{"secret-id / HTTP/1.1\r\n\r\n"}}) {
    CHECK(exchange(port(), request).status != 0);
  }
  const std::string all = text();
  CHECK(all.find("secret") == std::string::npos);
  CHECK(all.find("52.5") == std::string::npos);
}

TEST_CASE_METHOD(Logged, "ids that are not well-formed are not taken over", "[unit][http]") {
  const std::string zeros(32, '0');
  for (const std::string& header : {std::string{"X-Request-Id: a b"},
                                    std::string{"X-Request-Id: \"},{\"a\":\"b"},
                                    std::string{"X-Request-Id: \xff\xfe"},
                                    "X-Request-Id: " + std::string(65, 'a'),
                                    "Traceparent: " + kTraceparent + "-1",
                                    std::string{"Traceparent: 00-X"},
                                    "Traceparent: ff" + kTraceparent.substr(2),
                                    "Traceparent: 00-" + zeros + kTraceparent.substr(35),
                                    std::string{"X-Request-Id:"},
                                    std::string{"X-Request-Id: a\r\nX-Request-Id: b"}}) {
    const http_test::Answer answer = exchange(port(), get("/v1/things/7", header + "\r\n"));
    CHECK(answer.status == 200);
    CHECK(answer.header("x-request-id").size() == 16);
  }
  const auto all = lines();
  CHECK(all.size() == 10);
  for (const base::Json& line : all) {
    CHECK(line["request_id"].get<std::string>().size() == 16);
    CHECK_FALSE(line.contains("traceparent"));
  }
}

TEST_CASE_METHOD(Logged, "an answer that was not taken is said to be so", "[unit][http]") {
  {
    RawClient client{port()};
    client.send(get("/large"));
    CHECK_FALSE(client.is_silent_for(20s));
  }
  CHECK(exchange(port(), get("/v1/things/7")).status == 200);
  const auto all = lines();
  REQUIRE(all.size() == 2);
  const base::Json& large = all[0]["route"] == "/large" ? all[0] : all[1];
  CHECK(large["taken"] == false);
  CHECK(large["bytes_out"] < 8 * 1024 * 1024);
}

TEST_CASE("a line is JSON whatever stands in it", "[unit][http]") {
  Exchange exchange;
  exchange.method = "A\"B\\C\n\x01\x7f\xff";
  exchange.status = 200;
  const std::string line = access_line(exchange, "::1", true, {}, 1500us);
  CHECK(line.find('\n') == std::string::npos);
  const auto json = base::Json::parse(line);
  CHECK(json["method"].get<std::string>().starts_with("A\"B\\C\n\x01\x7f"));
  CHECK(json["ms"] == 1.5);
  CHECK(json["at"] == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("a log that cannot be written is an error at the start", "[unit][http]") {
  const base::Log log{base::LogFormat::kText, base::LogLevel::kError};
  CHECK_THROWS_WITH(
      (http::Server{{.port = 0, .access_log = {.path = "/nowhere/access.log"}}, {}, log}),
      "cannot write to /nowhere/access.log: No such file or directory");
}

TEST_CASE_METHOD(ServerFixture, "a full disk does not stop answers", "[unit][http]") {
  stop();
  start({.access_log = {.path = "/dev/full"}});
  for (int count = 0; count < 50; ++count) {
    CHECK(exchange(port(), get("/v1/things/7")).status == 200);
  }
}
