#include "support/eventually.hpp"
#include "unit/http/raw_client.hpp"
#include "unit/http/resident_memory.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using http_test::Answer;
using http_test::exchange;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::resident_bytes;
using http_test::ServerFixture;
using std::chrono::steady_clock;

namespace {

class Impatient : public ServerFixture {
 protected:
  Impatient()
      : ServerFixture{{.connection = {.head = 300ms,
                                      .body = 900ms,
                                      .body_progress = 300ms,
                                      .body_progress_bytes = 1000,
                                      .sending = 500ms}}} {}
};

/// Sends `piece` again and again, every 50 ms, until told to stop.
std::jthread drip(RawClient& client, std::string piece) {
  return std::jthread{[&client, piece = std::move(piece)](const std::stop_token& stop) {
    base::Guarded<bool> never;
    while (!stop.stop_requested()) {
      client.send(piece);
      never.wait_for(
          stop, 50ms, [](bool) { return false; }, [](bool, bool) {});
    }
  }};
}

std::string without_last(std::string text) {
  text.pop_back();
  return text;
}

}  // namespace

TEST_CASE_METHOD(Impatient, "an unfinished request is given up", "[unit][http]") {
  for (const std::string& begin : {std::string{"GET /v1/things/7 HTTP/1.1\r\nHost: a\r\n"},
                                   without_last(post("/v1/things", "{\"a\":1}"))}) {
    RawClient client{port()};
    const Answer answer = client.send(begin).receive();
    CHECK(answer.status == 408);
    CHECK(answer.header("connection") == "close");
    CHECK(client.is_closed());
  }
  RawClient silent{port()};
  CHECK(silent.is_closed());
  CHECK(runs() == 0);
}

TEST_CASE_METHOD(Impatient, "a request that is cut short is refused at once", "[unit][http]") {
  RawClient client{port()};
  const std::string cut_short = without_last(post("/v1/things", "{\"a\":1}"));
  CHECK(client.send(cut_short).end_sending().receive().status == 400);
  CHECK(runs() == 0);
}

TEST_CASE_METHOD(Impatient, "a drip of bytes has its end", "[unit][http]") {
  // Each byte comes in time; all together do not.
  struct Row {
    const char* what;
    std::string begin;
    std::string piece;
  };
  for (const Row& row :
       {Row{"of a head", "GET / HTTP/1.1\r\nX: ", "a"},
        Row{"of a body, too slow",
            without_last(post("/v1/things", std::string(60'000, ' '))).substr(0, 200),
            " "},
        Row{"of a body, too long",
            post("/v1/things", std::string(60'000, ' ')).substr(0, 200),
            std::string(200, ' ')}}) {
    CAPTURE(row.what);
    const auto began = steady_clock::now();
    RawClient client{port()};
    client.send(row.begin);
    const std::jthread dripping = drip(client, row.piece);
    CHECK(client.receive().status == 408);
    CHECK(steady_clock::now() - began < 5s);
  }
}

TEST_CASE_METHOD(Impatient, "a slow body that makes progress arrives", "[unit][http]") {
  const std::string request = post("/v1/things", std::string(6'000, ' '));
  RawClient client{port()};
  client.send(request.substr(0, 300));
  const std::jthread dripping = drip(client, std::string(700, ' '));
  CHECK(client.receive().status == 200);
}

TEST_CASE_METHOD(Impatient, "a handler may take longer than any client", "[unit][http]") {
  RawClient client{port()};
  client.send(get("/slow"));
  wait_until_at_gate(1);
  CHECK(client.is_silent_for(1200ms));
  open_gate();
  CHECK(client.receive().status == 200);
}

TEST_CASE_METHOD(Impatient, "an answer that nobody takes is cut off", "[unit][http]") {
  RawClient client{port()};
  client.send(get("/large"));
  const bool is_reset = support::eventually([&client] {
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(client.socket(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error == ECONNRESET;
  });
  CHECK(is_reset);
  CHECK(exchange(port(), get("/v1/things/7")).status == 200);
}

namespace {

class LittleRoomForAnswers : public ServerFixture {
 protected:
  LittleRoomForAnswers() : ServerFixture{{.shared = {.answer_bytes_max = 20'000'000}}} {}
};

}  // namespace

TEST_CASE_METHOD(LittleRoomForAnswers,
                 "answers that nobody takes make room for those that are taken",
                 "[unit][http]") {
  std::vector<RawClient> silent;
  for (int count = 0; count < 30; ++count) silent.emplace_back(port()).send(get("/large"));
  for (const RawClient& client : silent)
    REQUIRE_FALSE(client.is_silent_for(20s));  // All have begun.
  for (int count = 0; count < 10; ++count) {
    REQUIRE(exchange(port(), get("/large")).body.size() == 8 * 1024 * 1024);
  }
  int cut_off = 0;
  for (RawClient& client : silent) {
    if (client.receive().body.size() < 8 * 1024 * 1024) ++cut_off;
  }
  CHECK(cut_off >= 25);
}

namespace {

class TwoPlaces : public ServerFixture {
 protected:
  TwoPlaces() : ServerFixture{{.shared = {.connections_max = 2}}} {}
};

}  // namespace

TEST_CASE_METHOD(TwoPlaces, "whoever waited longest makes room", "[unit][http]") {
  RawClient first{port()};
  RawClient second{port()};
  second.send("GET /v1/things/7 HTTP/1.1\r\n");
  CHECK(exchange(port(), get("/v1/things/7")).status == 200);
  CHECK(first.is_closed());
  second.send("Host: a\r\n\r\n");
  CHECK(second.receive().status == 200);  // The place of `first` had become free by then.

  SECTION("but nobody with a whole request does") {
    RawClient busy{port()};
    RawClient also_busy{port()};
    busy.send(get("/slow"));
    also_busy.send(get("/slow"));
    wait_until_at_gate(2);
    RawClient third{port()};
    const Answer answer = third.receive();
    CHECK(answer.status == 503);
    CHECK(answer.header("retry-after") == "1");
    CHECK(third.is_closed());
    open_gate();
    CHECK(busy.receive().status == 200);
    CHECK(also_busy.receive().status == 200);
  }
}

namespace {

class ThreeOfOneAddress : public ServerFixture {
 protected:
  ThreeOfOneAddress()
      : ServerFixture{{.shared = {.connections_per_address_max = 3, .is_loopback_exempt = false}}} {
  }
};

class LoopbackIsExempt : public ServerFixture {
 protected:
  LoopbackIsExempt() : ServerFixture{{.shared = {.connections_per_address_max = 3}}} {}
};

}  // namespace

TEST_CASE_METHOD(ThreeOfOneAddress, "one address has so many connections", "[unit][http]") {
  std::vector<RawClient> clients;
  for (int count = 0; count < 3; ++count) {
    REQUIRE(clients.emplace_back(port()).send(get("/v1/things/7")).receive().status == 200);
  }
  RawClient fourth{port()};
  const Answer answer = fourth.send(get("/v1/things/7")).receive();
  CHECK(answer.status == 429);
  CHECK(answer.header("retry-after") == "1");
  CHECK(answer.header("content-type") == "application/problem+json");
  CHECK(fourth.is_closed());
  CHECK(runs() == 3);

  clients.pop_back();
  CHECK(
      support::eventually([this] { return exchange(port(), get("/v1/things/7")).status == 200; }));
}

TEST_CASE_METHOD(LoopbackIsExempt,
                 "a proxy on this machine has as many as it needs",
                 "[unit][http]") {
  std::vector<RawClient> clients;
  for (int count = 0; count < 10; ++count) {
    CHECK(clients.emplace_back(port()).send(get("/v1/things/7")).receive().status == 200);
  }
}

namespace {

class OneHandler : public ServerFixture {
 protected:
  OneHandler()
      : ServerFixture{
            {.handlers = {.threads = 1, .queue_max = 2, .queue_time = std::chrono::seconds{20}}}} {}
};

class ShortQueueTime : public ServerFixture {
 protected:
  ShortQueueTime() : ServerFixture{{.handlers = {.threads = 1, .queue_time = 200ms}}} {}
};

}  // namespace

TEST_CASE_METHOD(ServerFixture, "handlers that wait keep nobody from another one", "[unit][http]") {
  const auto handlers = static_cast<int>(http::HandlerLimits{}.threads);
  std::vector<RawClient> clients;
  for (int count = 0; count < handlers; ++count) clients.emplace_back(port()).send(get("/slow"));
  wait_until_at_gate(handlers);
  open_gate();
  for (RawClient& client : clients) CHECK(client.receive().status == 200);
}

TEST_CASE_METHOD(OneHandler, "a full queue says so at once", "[unit][http]") {
  std::vector<RawClient> clients;
  clients.emplace_back(port()).send(get("/slow"));
  wait_until_at_gate(1);
  for (int count = 0; count < 12; ++count) clients.emplace_back(port()).send(get("/slow"));
  int refused = 0;
  // Ten are answered while the handler stands still; who comes in first is the scheduler's choice.
  const auto is_refused = [&] {
    refused = 0;
    for (const RawClient& client : clients) refused += client.is_silent_for(0ms) ? 0 : 1;
    return refused == 10;
  };
  CHECK(support::eventually(is_refused));
  // Nothing that needs no handler waits for one.
  CHECK(exchange(port(), get("/v1/nowhere")).status == 404);
  open_gate();
  int answered = 0;
  for (RawClient& client : clients) {
    const Answer answer = client.receive();
    if (answer.status == 200) ++answered;
    if (answer.status == 503) CHECK(answer.header("retry-after") == "1");
  }
  CHECK(answered == 3);
  CHECK(runs() == 3);
  // A refusal costs nothing but itself.
  CHECK(clients.back().send(get("/v1/things/7")).receive().status == 200);
}

TEST_CASE_METHOD(ShortQueueTime, "nobody stands in line for ever", "[unit][http]") {
  RawClient handled{port()};
  handled.send(get("/slow"));
  wait_until_at_gate(1);
  RawClient waiting{port()};
  const Answer answer = waiting.send(get("/v1/things/7")).receive();
  CHECK(answer.status == 503);
  CHECK(answer.header("retry-after") == "1");
  open_gate();
  CHECK(handled.receive().status == 200);
  CHECK(runs() == 1);
  CHECK(waiting.send(get("/v1/things/7")).receive().status == 200);
}
