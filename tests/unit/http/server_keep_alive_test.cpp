#include "unit/http/raw_client.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

using namespace std::chrono_literals;
using http_test::Answer;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::ServerFixture;

namespace {

std::string thing_named(int number) {
  return get("/v1/things/" + std::to_string(number));
}

std::string path_of(const Answer& answer) {
  return answer.status == 200 ? base::Json::parse(answer.body)["path"].get<std::string>() : "";
}

std::string old(const std::string& headers) {
  return "GET /v1/things/7 HTTP/1.0\r\nHost: a\r\n" + headers + "\r\n";
}

}  // namespace

TEST_CASE_METHOD(ServerFixture,
                 "a connection carries one request after the other",
                 "[unit][http]") {
  RawClient client{port()};
  for (int number = 0; number < 20; ++number) {
    const Answer answer = client.send(thing_named(number)).receive();
    CHECK(path_of(answer) == "/v1/things/" + std::to_string(number));
    CHECK_FALSE(answer.headers.contains("connection"));
    CHECK(client.send(post("/v1/things", "{}")).receive().status == 200);
    CHECK(client.send(get("/v1/nowhere")).receive().status == 404);
    CHECK(client.send(get("/empty")).receive().status == 204);
    CHECK(client.send("HEAD /v1/things/1 HTTP/1.1\r\nHost: a\r\n\r\n").receive().status == 200);
    CHECK(client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").receive().status == 204);
  }
  CHECK(runs() == 60);
}

TEST_CASE_METHOD(ServerFixture, "requests sent ahead are answered in order", "[unit][http]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  std::string all;
  for (int number = 0; number < 100; ++number) {
    all += thing_named(number);
    all += post("/v1/things", std::string(random() % 3000, ' '));
    all += get("/v1/nowhere");
  }
  RawClient client{port()};
  std::jthread sending{[&] {
    while (!all.empty()) {
      const std::size_t size = 1 + random() % 5000;
      client.send(all.substr(0, size));
      all.erase(0, size);
    }
  }};
  for (int number = 0; number < 100; ++number) {
    REQUIRE(path_of(client.receive()) == "/v1/things/" + std::to_string(number));
    REQUIRE(client.receive().status == 200);
    REQUIRE(client.receive().status == 404);
  }
  CHECK(runs() == 200);
}

TEST_CASE_METHOD(ServerFixture,
                 "a request sent ahead waits until the one before it has its answer",
                 "[unit][http]") {
  RawClient client{port()};
  client.send(get("/slow") + thing_named(1));
  wait_until_at_gate(1);
  CHECK(client.is_silent_for(50ms));
  CHECK(runs() == 1);
  open_gate();
  CHECK(client.receive().status == 200);
  CHECK(path_of(client.receive()) == "/v1/things/1");
}

TEST_CASE_METHOD(ServerFixture, "a refused request is the last one", "[unit][http]") {
  const std::string refused = GENERATE(
      std::string{"GET / HTTP/1.1\r\n\r\n"},
      post("/v1/nowhere", "{}"),
      post("/v1/things", std::string(70'000, ' ')),
      get("/v1/%2e%2e/a"),
      std::string{"POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n"});
  RawClient client{port()};
  CHECK(path_of(client.send(thing_named(1)).receive()) == "/v1/things/1");
  const Answer answer = client.send(refused + thing_named(2)).receive();
  CHECK(answer.status >= 400);
  CHECK(answer.header("connection") == "close");
  CHECK(client.is_closed());
  CHECK(runs() == 1);
}

TEST_CASE_METHOD(ServerFixture, "the client says when it is the last", "[unit][http]") {
  RawClient client{port()};
  const Answer answer =
      client.send(get("/v1/things/1", "Connection: TE, Close\r\n") + thing_named(2)).receive();
  CHECK(answer.header("connection") == "close");
  CHECK(client.is_closed());
  CHECK(runs() == 1);
}

TEST_CASE_METHOD(ServerFixture, "HTTP/1.0 is one request, unless it asks", "[unit][http]") {
  RawClient plain{port()};
  CHECK(plain.send(old("")).receive().header("connection") == "close");
  CHECK(plain.is_closed());

  RawClient asking{port()};
  for (int count = 0; count < 3; ++count) {
    const Answer answer = asking.send(old("Connection: keep-alive\r\n")).receive();
    CHECK(answer.status == 200);
    CHECK(answer.header("connection") == "keep-alive");
  }
  CHECK(asking.send(old("Connection: keep-alive, close\r\n")).receive().header("connection") ==
        "close");
  CHECK(asking.is_closed());
}

TEST_CASE_METHOD(ServerFixture,
                 "a client that has said all still hears the answer",
                 "[unit][http]") {
  RawClient client{port()};
  CHECK(path_of(client.send(thing_named(1)).end_sending().receive()) == "/v1/things/1");
  CHECK(client.is_closed());
}

namespace {

class ThreeRequests : public ServerFixture {
 protected:
  ThreeRequests() : ServerFixture{{.connection = {.idle = 200ms, .requests_max = 3}}} {}
};

}  // namespace

TEST_CASE_METHOD(ThreeRequests, "a connection has so many requests and no more", "[unit][http]") {
  RawClient client{port()};
  client.send(thing_named(1) + thing_named(2) + thing_named(3) + thing_named(4));
  CHECK_FALSE(client.receive().headers.contains("connection"));
  CHECK_FALSE(client.receive().headers.contains("connection"));
  CHECK(client.receive().header("connection") == "close");
  CHECK(client.is_closed());
  CHECK(runs() == 3);
}

TEST_CASE_METHOD(ThreeRequests, "an idle connection is closed without a word", "[unit][http]") {
  RawClient client{port()};
  CHECK(client.send(thing_named(1)).receive().status == 200);
  CHECK(client.is_closed());
}
