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
using http_test::RawClient;
using http_test::ServerFixture;

namespace {

class OneThread : public ServerFixture {
 protected:
  OneThread() : ServerFixture{{.threads = 1, .queue = 8}} {}

  void wait_until_all_accepted() const {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (not_yet_accepted() > 0) {
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error{"not accepted"};
      std::this_thread::yield();
    }
  }
};

}  // namespace

TEST_CASE_METHOD(OneThread, "a stopping server answers all that it accepted", "[unit][http]") {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int count = 0; count < 4; ++count) {
    clients.push_back(std::make_unique<RawClient>(port()));
    clients.back()->send(get("/slow"));
  }
  wait_until_at_gate(1);  // One is being handled, three wait for the thread.
  wait_until_all_accepted();

  auto stopped = std::async(std::launch::async, [this] { stop(); });
  CHECK(stopped.wait_for(50ms) == std::future_status::timeout);
  open_gate();
  for (const auto& client : clients) CHECK(client->receive().status == 200);
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
  RawClient begun{port()};
  begun.send("GET /v1/things/7 HTTP/1.1\r\n");
  CHECK(exchange(port(), get("/v1/things/7")).status == 200);  // So those are accepted too.

  const auto began = std::chrono::steady_clock::now();
  stop();
  CHECK(std::chrono::steady_clock::now() - began < 2500ms);
  CHECK(begun.receive().status == 408);
}

TEST_CASE_METHOD(ServerFixture, "a server may end as soon as it began", "[unit][http]") {
  for (int round = 0; round < 50; ++round) {
    stop();
    start({.threads = 2});
  }
  CHECK(exchange(port(), get("/v1/things/7")).status == 200);
}

TEST_CASE_METHOD(OneThread,
                 "a rush waits in the kernel instead of being sent away",
                 "[unit][http]") {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int count = 0; count < 100; ++count) {
    clients.push_back(std::make_unique<RawClient>(port()));
    clients.back()->send(get("/slow"));
  }
  wait_until_at_gate(1);
  CHECK(not_yet_accepted() > 80);
  open_gate();
  for (const auto& client : clients) REQUIRE(client->receive().status == 200);
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
  const auto until = std::chrono::steady_clock::now() + 20s;
  int status = 0;
  while (status == 0 && std::chrono::steady_clock::now() < until) {
    try {
      status = exchange(port(), get("/v1/things/7")).status;
    } catch (const std::runtime_error&) {
      std::this_thread::yield();  // Not listening yet.
    }
  }
  CHECK(status == 200);
}
