#include "base/error.hpp"
#include "unit/http/raw_client.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using http_test::Answer;
using http_test::exchange;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::ServerFixture;
using std::chrono::steady_clock;

namespace {

class OneHandler : public ServerFixture {
 protected:
  OneHandler() : ServerFixture{{.handlers = {.threads = 1, .queue_time = 20s}}} {}
};

}  // namespace

TEST_CASE_METHOD(OneHandler, "a stopping server answers every whole request", "[unit][http]") {
  std::vector<RawClient> clients;
  for (int count = 0; count < 4; ++count) clients.emplace_back(port()).send(get("/slow"));
  wait_until_at_gate(1);  // One is being handled, three wait for the thread.
  wait_until_all_accepted();

  auto stopped = std::async(std::launch::async, [this] { stop(); });
  CHECK(stopped.wait_for(50ms) == std::future_status::timeout);
  open_gate();
  for (RawClient& client : clients) {
    const Answer answer = client.receive();
    CHECK(answer.status == 200);
    CHECK(answer.header("connection") == "close");
  }
  stopped.get();
  CHECK(runs() == 4);
  CHECK_THROWS(RawClient{port()});
}

TEST_CASE_METHOD(ServerFixture, "a held request is told that the server stops", "[unit][http]") {
  RawClient client{port()};
  client.send(get("/held"));
  wait_until_at_gate(1);
  stop();
  CHECK(client.receive().status == 200);
}

TEST_CASE_METHOD(ServerFixture, "unfinished requests do not hold up the end", "[unit][http]") {
  RawClient silent{port()};
  RawClient idle{port()};
  RawClient begun{port()};
  RawClient half{port()};
  begun.send("GET /v1/things/7 HTTP/1.1\r\n");
  half.send(post("/v1/things", std::string(1000, ' ')).substr(0, 500));
  CHECK(idle.send(get("/v1/things/7")).receive().status == 200);
  wait_until_all_accepted();

  const auto began = steady_clock::now();
  stop();
  CHECK(steady_clock::now() - began < 2500ms);
  CHECK(begun.receive().status == 408);
  CHECK(half.receive().status == 408);
  CHECK(silent.is_closed());
  CHECK(idle.is_closed());
}

TEST_CASE_METHOD(ServerFixture,
                 "a request may be finished while the server stops",
                 "[unit][http]") {
  RawClient client{port()};
  client.send("GET /v1/things/7 HTTP/1.1\r\n");
  RawClient held{port()};
  held.send(get("/slow"));
  wait_until_at_gate(1);
  auto stopped = std::async(std::launch::async, [this] { stop(); });
  CHECK(stopped.wait_for(20ms) == std::future_status::timeout);
  CHECK(client.send("Host: a\r\n\r\n").receive().status == 200);
  CHECK(client.is_closed());
  open_gate();
  CHECK(held.receive().status == 200);
}

TEST_CASE_METHOD(ServerFixture, "an idle server ends at once", "[unit][http]") {
  RawClient idle{port()};
  CHECK(idle.send(get("/v1/things/7")).receive().status == 200);
  const auto began = steady_clock::now();
  stop();
  CHECK(steady_clock::now() - began < 500ms);
}

TEST_CASE_METHOD(ServerFixture,
                 "an answer that nobody takes does not hold up the end",
                 "[unit][http]") {
  RawClient client{port()};
  client.send(get("/large"));
  CHECK_FALSE(client.is_silent_for(20s));  // It has begun.
  const auto began = steady_clock::now();
  stop();
  CHECK(steady_clock::now() - began < 5s);
}

TEST_CASE_METHOD(ServerFixture, "a server may end as soon as it began", "[unit][http]") {
  for (int round = 0; round < 50; ++round) {
    stop();
    start({.handlers = {.threads = 2}});
  }
  CHECK(exchange(port(), get("/v1/things/7")).status == 200);
}

TEST_CASE_METHOD(ServerFixture, "under load every answer that began is whole", "[unit][http]") {
  for (int round = 0; round < 10; ++round) {
    std::vector<std::jthread> clients;
    std::atomic<int> answered{0};
    std::atomic<int> broken{0};
    for (int count = 0; count < 4; ++count) {
      clients.emplace_back([&] {
        try {
          RawClient client{port()};
          while (true) {
            const Answer answer = client.send(get("/v1/things/7")).receive();
            if (answer.status == 0) return;
            answer.status == 200 && base::Json::accept(answer.body) ? ++answered : ++broken;
            if (answer.header("connection") == "close") return;
          }
        } catch (const std::runtime_error&) {
          // The server was gone before it came.
        }
      });
    }
    while (answered < 100) std::this_thread::yield();
    stop();
    clients.clear();
    CHECK(broken == 0);
    start({});
  }
}

TEST_CASE_METHOD(ServerFixture,
                 "a server whose listening socket broke opens it again",
                 "[unit][http]") {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    int listens = 0;
    socklen_t listens_size = sizeof(listens);
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        ntohs(address.sin_port) == port() &&
        ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == 0 && listens != 0) {
      ::shutdown(fd, SHUT_RDWR);
      break;
    }
  }
  const auto until = steady_clock::now() + 20s;
  int status = 0;
  while (status == 0 && steady_clock::now() < until) {
    try {
      status = exchange(port(), get("/v1/things/7")).status;
    } catch (const std::runtime_error&) {
      std::this_thread::yield();  // Not listening yet.
    }
  }
  CHECK(status == 200);
}
