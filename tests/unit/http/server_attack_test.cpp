#include "unit/http/raw_client.hpp"
#include "unit/http/server_fixture.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using http_test::Answer;
using http_test::exchange;
using http_test::get;
using http_test::post;
using http_test::RawClient;
using http_test::ServerFixture;

namespace {

// What an attacker hides behind a first request; if it ran, runs() would say so.
const std::string kSmuggled = post("/v1/things", "{}");

std::string thing(const std::string& method, const std::string& headers) {
  const std::string path = method == "POST" ? "/v1/things" : "/v1/things/7";
  return method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

std::string length_of(const std::string& body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n";
}

int answers_in(const std::string& bytes) {
  int count = 0;
  for (std::size_t at = bytes.find("HTTP/1.1 "); at != std::string::npos;
       at = bytes.find("HTTP/1.1 ", at + 1)) {
    ++count;
  }
  return count;
}

struct Attack {
  const char* what;
  std::string first;   // Sent first.
  std::string second;  // Sent next, in its own segment.
  std::vector<int> expected;
};

std::vector<Attack> smuggling() {
  const std::string json = "Content-Type: application/json\r\n";
  const std::string chunk = "0\r\n\r\n" + kSmuggled;
  return {
      {"GET with a body", thing("GET", length_of(kSmuggled)), kSmuggled, {400}},
      {"HEAD with a body", thing("HEAD", length_of(kSmuggled)), kSmuggled, {400}},
      {"OPTIONS with a body", thing("OPTIONS", length_of(kSmuggled)), kSmuggled, {400}},
      {"DELETE with a body", thing("DELETE", length_of(kSmuggled)), kSmuggled, {400}},
      {"DELETE, chunked", thing("DELETE", "Transfer-Encoding: chunked\r\n"), chunk, {400}},
      {"length and chunks",
       thing("POST", json + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
       chunk,
       {400}},
      {"two lengths",
       thing("POST", json + "Content-Length: 0\r\n" + length_of(kSmuggled)),
       kSmuggled,
       {400}},
      {"encoded length", thing("POST", json + "Content-Length: %33\r\n"), kSmuggled, {400}},
      {"encoded chunks", thing("POST", json + "Transfer-Encoding: %63hunked\r\n"), chunk, {400}},
      {"TE and a space", thing("POST", json + "Transfer-Encoding : chunked\r\n"), chunk, {400}},
      {"line feeds only", "GET /v1/nowhere HTTP/1.1\nHost: a\n\n", kSmuggled, {400}},
      {"pipelined", get("/v1/nowhere") + kSmuggled, "", {404}},
      {"no length", thing("POST", json), kSmuggled, {411}},
      {"chunk extension",
       thing("POST", json + "Transfer-Encoding: chunked\r\n"),
       "5;a=\n" + chunk,
       {400}},
  };
}

std::vector<Attack> oddities() {
  return {
      {"many ranges", get("/v1/things/7", "Range: bytes=0-0,1-1,2-2,3-3\r\n"), "", {400}},
      {"TRACE", thing("TRACE", ""), "", {405}},
      {"PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", {400}},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "", {400, 405}},
      {"unknown method", thing("BREW", ""), "", {405}},
      {"encoded dots", get("/v1/%2e%2e/things/7"), "", {400}},
      {"double slash", get("//v1/things/7"), "", {404}},
      {"encoded NUL", get("/v1/things/%00"), "", {400}},
      {"%u", get("/v1/things/%u0041"), "", {400}},
      {"raw NUL", get(std::string{"/v1/things/\0", 12}), "", {400}},
      {"encoded line break in a header",
       get("/v1/nowhere", "X: a%0d%0aSet-Cookie: x\r\n"),
       "",
       {404}},
      {"line feed in a header", get("/v1/things/7", "X: a\nSet-Cookie: x\r\n"), "", {400}},
      {"gzip", post("/v1/things", "{}", "Content-Encoding: gzip\r\n"), "", {415}},
      {"brotli", post("/v1/things", "{}", "Content-Encoding: br\r\n"), "", {415}},
      {"no host", "GET /v1/things/7 HTTP/1.1\r\n\r\n", "", {400}},
      {"TLS", std::string{"\x16\x03\x01\x02\x00\x01", 6}, "", {400}},
      {"an endless number", thing("POST", "Content-Length: 99999999999999999999\r\n"), "", {413}},
      {"a long path", get("/" + std::string(9000, 'a')), "", {414}},
      {"a long header", get("/", "X: " + std::string(9000, 'a') + "\r\n"), "", {431}},
  };
}

}  // namespace

TEST_CASE_METHOD(ServerFixture, "no second request rides on the first", "[unit][http]") {
  for (const Attack& attack : smuggling()) {
    CAPTURE(attack.what);
    RawClient client{port()};
    const Answer answer = client.send(attack.first).send(attack.second).receive();
    CHECK_THAT(attack.expected, Catch::VectorContains(answer.status));
    CHECK(answer.header("connection") == "close");
    CHECK(answers_in(answer.bytes) == 1);
    CHECK(runs() == 0);
  }
}

TEST_CASE_METHOD(ServerFixture, "an odd request is refused and reflects nothing", "[unit][http]") {
  for (const Attack& attack : oddities()) {
    CAPTURE(attack.what);
    RawClient client{port()};
    const Answer answer = client.send(attack.first).receive();
    CHECK_THAT(attack.expected, Catch::VectorContains(answer.status));
    CHECK(answer.header("content-type") == "application/problem+json");
    CHECK_FALSE(answer.headers.contains("set-cookie"));
    CHECK(runs() == 0);
  }
}

TEST_CASE_METHOD(ServerFixture, "a flood is cut off, not stored", "[unit][http]") {
  struct Flood {
    const char* what;
    std::string begin;
    std::string piece;
    int status;
  };
  const auto flood = GENERATE(values<Flood>({
      {"chunks", thing("POST", "Transfer-Encoding: chunked\r\n"), "1000\r\n", 400},
      {"a body without length", thing("POST", "Content-Type: application/json\r\n"), "", 411},
      {"a body too long", thing("POST", "Content-Length: 104857600\r\n"), "", 413},
      {"one endless path", "GET /", "", 414},
      {"one endless header", "GET / HTTP/1.1\r\nX: ", "", 431},
      {"endless headers", "GET / HTTP/1.1\r\nHost: a\r\n", "X: 1\r\n", 431},
  }));
  CAPTURE(flood.what);
  std::string piece = flood.piece;
  while (piece.size() < 60'000) piece += flood.piece.empty() ? "a" : flood.piece;

  RawClient client{port()};
  const std::size_t taken = client.send(flood.begin).flood(piece, 100'000'000);
  CHECK(taken < 20'000'000);  // What fits in the kernel's buffers while the server says no.
  CHECK(client.receive().status == flood.status);
  CHECK(runs() == 0);
}

TEST_CASE_METHOD(ServerFixture,
                 "what passes the guard, the library understands too",
                 "[unit][http]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string good = get("/v1/things/7?a=b", "X: y\r\nPrefer: wait=5\r\n");
  const std::string alphabet = "\t :;,=?&/%0aZ\"\\\x80\xff";
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good;
    for (int change = 0; change < 3; ++change) {
      bytes.insert(random() % (bytes.size() - 4), 1, alphabet[random() % alphabet.size()]);
    }
    CAPTURE(bytes);
    // An answer of the library itself would have no type.
    const Answer answer = exchange(port(), bytes);
    REQUIRE(answer.status != 0);
    REQUIRE(answer.headers.contains("content-type"));
  }
}

TEST_CASE_METHOD(ServerFixture, "ten thousand headers are too many", "[unit][http]") {
  std::string headers;
  for (int at = 0; at < 10'000; ++at) headers += "X" + std::to_string(at) + ": 1\r\n";
  CHECK(exchange(port(), get("/v1/things/7", headers)).status == 431);
  CHECK(runs() == 0);
}

TEST_CASE_METHOD(ServerFixture, "only the socket says who is calling", "[unit][http]") {
  const Answer answer = exchange(port(),
                                 get("/v1/things/7",
                                     "REMOTE_ADDR: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n"
                                     "X-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n"));
  REQUIRE(answer.status == 200);
  const auto seen = base::Json::parse(answer.body);
  CHECK(seen["remote_address"] == "127.0.0.1");
  CHECK(seen["remote_addr_header"] == "6.6.6.6");  // A header like any other.
}

namespace {

class Impatient : public ServerFixture {
 protected:
  Impatient()
      : ServerFixture{{.threads = 2, .connection = {.silence = 200ms, .receiving = 600ms}}} {}
};

}  // namespace

TEST_CASE_METHOD(Impatient, "an unfinished request is given up", "[unit][http]") {
  CHECK(exchange(port(), "GET /v1/things/7 HTTP/1.1\r\nHost: a\r\n").status == 408);
  std::string cut_short = post("/v1/things", "{\"a\":1}");
  cut_short.pop_back();
  CHECK(exchange(port(), cut_short).status == 408);
  CHECK(exchange(port(), "").status == 0);

  RawClient client{port()};
  CHECK(client.send(cut_short).end_sending().receive().status == 408);
  CHECK(runs() == 0);
}

TEST_CASE_METHOD(Impatient, "a drip of bytes does not hold a thread for ever", "[unit][http]") {
  // Each byte comes in time; all together do not.
  const auto began = std::chrono::steady_clock::now();
  RawClient client{port()};
  std::jthread dripping{[&client](const std::stop_token& stop) {
    base::Guarded<bool> pause;
    client.send("GET / HTTP/1.1\r\nX: ");
    while (!stop.stop_requested()) {
      client.send("a");
      pause.wait_for(
          stop, 50ms, [](bool) { return false; }, [](bool, bool) {});
    }
  }};
  CHECK(client.receive().status == 408);
  CHECK(std::chrono::steady_clock::now() - began < 10s);
}

TEST_CASE_METHOD(Impatient, "silent clients delay honest ones, and no more", "[unit][http]") {
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int count = 0; count < 6; ++count) silent.push_back(std::make_unique<RawClient>(port()));
  CHECK(exchange(port(), get("/v1/things/7")).status == 200);
}
