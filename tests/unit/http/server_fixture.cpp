#include "unit/http/server_fixture.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <stop_token>
#include <thread>

namespace http_test {

using namespace std::chrono_literals;
using http::Request;
using http::Response;

void ServerFixture::start(http::ServerOptions options) {
  options.port = 0;
  server_ = std::make_unique<http::Server>(std::move(options), routes(), log_);
  port_ = server_->port();
}

http::Router ServerFixture::routes() {
  const auto echo = [this](const Request& request) {
    ++runs_;
    base::Json seen{{"method", request.method},
                    {"path", request.path},
                    {"body_bytes", request.body.size()},
                    {"remote_address", request.remote_address},
                    {"authorization", request.header("authorization").value_or("")},
                    {"remote_addr_header", request.header("remote_addr").value_or("")}};
    for (const auto& [name, value] : request.path_parameters) seen["path_parameters"][name] = value;
    for (const auto& [name, value] : request.query) seen["query"][name] = value;
    return http::json_response(200, seen);
  };
  http::Router router;
  router.add("GET", "/v1/things/{id}", echo);
  router.add("DELETE", "/v1/things/{id}", echo);
  router.add("PUT", "/v1/things/{id}", echo);
  router.add("PATCH", "/v1/things/{id}", echo);
  router.add("POST", "/v1/things", echo);
  router.add("POST", "/v1/lists", echo, {.body_bytes_max = 4 * 1024 * 1024});
  router.add("POST", "/v1/guests", echo, {.is_body_optional = true});
  router.add("GET", "/empty", [](const Request&) {
    return Response{.status = 204, .content_type = {}, .body = {}, .headers = {}};
  });
  router.add("GET", "/broken", [](const Request&) -> Response {
    throw std::runtime_error{"ERROR: relation \"secret\" does not exist"};
  });
  router.add("GET", "/busy", [](const Request&) -> Response {
    throw base::TransientError{"connection to secret lost"};
  });
  router.add("GET", "/odd", [](const Request&) -> Response { throw 42; });
  router.add("GET", "/split", [](const Request&) {
    return Response{.status = 200,
                    .content_type = "text/plain; charset=utf-8",
                    .body = "x",
                    .headers = {{"X-Split", "a\r\nInjected: 1"}}};
  });
  router.add("GET", "/named", [](const Request&) {
    return Response{
        .status = 200, .content_type = "text/plain\r\nInjected: 1", .body = "x", .headers = {}};
  });
  router.add("GET", "/page", [](const Request&) {
    return Response{.status = 200,
                    .content_type = "text/plain; charset=utf-8",
                    .body = std::string(1024 * 1024, 'x'),
                    .headers = {}};
  });
  router.add("GET", "/large", [](const Request&) {
    return Response{.status = 200,
                    .content_type = "text/plain; charset=utf-8",
                    .body = std::string(8 * 1024 * 1024, 'x'),
                    .headers = {}};
  });
  router.add("GET", "/slow", [this](const Request&) { return wait_at_gate(); });
  router.add("GET", "/held", [this](const Request& request) {
    const std::stop_callback release{request.stopping, [this] { open_gate(); }};
    return wait_at_gate();
  });
  return router;
}

Response ServerFixture::wait_at_gate() {
  ++runs_;
  gate_.update([](Gate& gate) { ++gate.waiting; });
  const bool is_open = gate_.wait_for(
      {},
      20s,
      [](const Gate& gate) { return gate.is_open; },
      [](Gate&, bool open) { return open; });
  return http::json_response(is_open ? 200 : 500, {{"answered", true}});
}

void ServerFixture::wait_until_at_gate(int requests) {
  const bool are_there = gate_.wait_for(
      {},
      20s,
      [requests](const Gate& gate) { return gate.waiting >= requests; },
      [](Gate&, bool there) { return there; });
  if (!are_there) throw std::runtime_error{"the requests did not reach their handler"};
}

void ServerFixture::open_gate() {
  gate_.update([](Gate& gate) { gate.is_open = true; });
}

void ServerFixture::wait_until_all_accepted() const {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (not_yet_accepted() > 0) {
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error{"not accepted"};
    std::this_thread::yield();
  }
}

// Source: proc(5), /proc/net/tcp: rx_queue of a listening socket (state 0A) is its accept queue.
int ServerFixture::not_yet_accepted() const {
  std::ifstream table{"/proc/self/net/tcp"};
  const std::string address = fmt::format(":{:04X} 00000000:0000 0A ", port_);
  for (std::string line; std::getline(table, line);) {
    const std::size_t found = line.find(address);
    if (found == std::string::npos) continue;
    const std::string queues = line.substr(found + address.size());
    return std::stoi(queues.substr(queues.find(':') + 1), nullptr, 16);
  }
  throw std::runtime_error{"nothing listens on the port"};
}

}  // namespace http_test
