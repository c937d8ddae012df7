// S2: what never ends, or is more than was said, is cut off and not stored.
#include "unit/http/attack.hpp"
#include "unit/http/resident_memory.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using http_test::Answer;
using http_test::Attack;
using http_test::AttackedServer;
using http_test::exchange;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::resident_bytes;
using http_test::smuggled;
using http_test::thing;

namespace {

constexpr std::size_t kMegabyte = 1'000'000;
const std::string kJson = "Content-Type: application/json\r\n";

struct Flood {
  const char* what;
  std::string begin;
  std::string piece;
  int status;
};

std::vector<Flood> floods() {
  const auto length = [](const char* bytes) {
    return thing("POST", kJson + "Content-Length: " + bytes + "\r\n");
  };
  return {
      {"100 MB in chunks", thing("POST", "Transfer-Encoding: chunked\r\n"), "1000\r\n", 400},
      {"100 MB without a length", thing("POST", kJson), "a", 411},
      {"100 MB as announced", length("104857600"), "a", 413},
      {"a number beyond numbers", length("99999999999999999999"), "a", 413},
      {"an endless path", "GET /", "a", 414},
      {"an endless method", "", "A", 414},
      {"an endless header", "GET / HTTP/1.1\r\nX: ", "a", 431},
      {"endless headers", "GET / HTTP/1.1\r\nHost: a\r\n", "X: 1\r\n", 431},
      {"an endless name", "GET / HTTP/1.1\r\n", "a", 431},
  };
}

std::string headers(int count) {
  std::string lines;
  for (int at = 0; at < count; ++at) lines += "X" + std::to_string(at) + ": 1\r\n";
  return lines;
}

}  // namespace

TEST_CASE_METHOD(AttackedServer, "S2: a flood is cut off, not stored", "[unit][http]") {
  const std::size_t before = resident_bytes();
  for (const Flood& flood : floods()) {
    CAPTURE(flood.what);
    std::string piece;
    while (piece.size() < 60'000) piece += flood.piece;
    RawClient client{port()};
    const std::size_t taken = client.send(flood.begin).flood(piece, 100 * kMegabyte);
    CHECK(taken < 20 * kMegabyte);  // What fits in the kernel's buffers while the server says no.
    CHECK(client.receive().status == flood.status);
    CHECK(runs() == 0);
  }
  CHECK(resident_bytes() < before + 20 * kMegabyte);
}

TEST_CASE_METHOD(AttackedServer, "S2: compressed bodies are not unpacked", "[unit][http]") {
  const auto packed = [](const std::string& coding) {
    return post("/v1/things", "{}", "Content-Encoding: " + coding + "\r\n");
  };
  for (const Attack& attack : {Attack{"gzip", {packed("gzip")}, {415}},
                               Attack{"brotli", {packed("br")}, {415}},
                               Attack{"zstd", {packed("zstd")}, {415}},
                               Attack{"twice", {packed("gzip, gzip")}, {415}},
                               Attack{"identity", {packed("identity")}, {415}}}) {
    check_refused(attack);
  }
}

TEST_CASE_METHOD(AttackedServer, "S2: heads have their limits", "[unit][http]") {
  for (const Attack& attack :
       {Attack{"ten thousand headers", {get("/v1/things/7", headers(10'000))}, {431}},
        Attack{"one header too many", {get("/v1/things/7", headers(64))}, {431}},
        Attack{"a long path", {get("/" + std::string(9000, 'a'))}, {414}},
        Attack{"a long query", {get("/v1/things/7?a=" + std::string(9000, 'a'))}, {414}},
        Attack{"a long header", {get("/", "X: " + std::string(9000, 'a') + "\r\n")}, {431}},
        Attack{"long in all",
               {get(
                   "/",
                   headers(0) +
                       [] {
                         std::string lines;
                         for (int at = 0; at < 5; ++at) {
                           lines +=
                               "X" + std::to_string(at) + ": " + std::string(7900, 'a') + "\r\n";
                         }
                         return lines;
                       }())},
               {431}},
        Attack{"a body longer than its route's",
               {post("/v1/things", std::string(65'537, ' '))},
               {413}}}) {
    check_refused(attack);
  }
}

namespace {

class LittleMemory : public AttackedServer {
 protected:
  LittleMemory() : AttackedServer{{.shared = {.request_bytes_max = 1'000'000}}} {}
};

}  // namespace

TEST_CASE_METHOD(LittleMemory,
                 "S2: all unfinished requests together hold so much and no more",
                 "[unit][http]") {
  // Each is within its own limit; 900 KB of a body that never ends.
  RawClient first{port()};
  first.send(post("/v1/lists", std::string(1'000'000, ' ')).substr(0, 900'000));
  // The server takes a piece of 64 KiB each time it looks, and here it must look more than twenty
  // times: the first is there whole.
  for (int count = 0; count < 20; ++count) CHECK(exchange(port(), smuggled()).status == 200);
  const std::string second = post("/v1/lists", std::string(200'000, ' '));
  RawClient client{port()};
  const Answer refused = client.send(second).receive();
  CHECK(refused.status == 503);
  CHECK(refused.header("retry-after") == "1");
  CHECK(client.is_closed());

  // Small ones still find room, and what was given up is room again.
  CHECK(exchange(port(), smuggled()).status == 200);
  CHECK(first.end_sending().receive().status == 400);
  CHECK(exchange(port(), second).status == 200);
}
