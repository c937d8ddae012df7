// S6: requests that no client of ours would send.
#include "unit/http/attack.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using http_test::Answer;
using http_test::Attack;
using http_test::AttackedServer;
using http_test::exchange;
using http_test::get;
using http_test::smuggled;
using http_test::thing;

namespace {

std::string ranges(int count) {
  std::string header = "Range: bytes=0-0";
  for (int at = 1; at < count; ++at) header += ",1-1";
  return header + "\r\n";
}

std::string line(const std::string& first) {
  return first + "\r\nHost: a\r\n\r\n";
}

std::vector<Attack> not_understood() {
  return {
      {"a range", {get("/v1/things/7", ranges(1))}, {400}},
      {"1,900 ranges", {get("/v1/things/7", ranges(1900))}, {400}},
      {"the HTTP/2 preface", {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", smuggled()}, {400}},
      {"TLS", {std::string{"\x16\x03\x01\x02\x00\x01", 6}}, {400}},
      {"HTTP/0.9", {"GET /v1/things/7\r\n\r\n"}, {400}},
      {"HTTP/3.0", {line("GET / HTTP/3.0")}, {400}},
      {"a version in lower case", {line("GET / http/1.1")}, {400}},
      {"two spaces", {line("GET  / HTTP/1.1")}, {400}},
      {"a tab", {line("GET\t/ HTTP/1.1")}, {400}},
      {"no host", {"GET /v1/things/7 HTTP/1.1\r\n\r\n"}, {400}},
      {"no host in HTTP/1.0", {"GET /v1/things/7 HTTP/1.0\r\n\r\n"}, {400}},
      {"two hosts", {get("/v1/things/7", "Host: b\r\n")}, {400}},
      {"TRACE", {line("TRACE / HTTP/1.1")}, {405}},
      {"TRACK", {line("TRACK / HTTP/1.1")}, {405}},
      {"CONNECT", {line("CONNECT a:443 HTTP/1.1")}, {405}},
      {"an unknown method", {thing("BREW", "")}, {405}},
      {"a method in lower case", {thing("get", "")}, {405}},
      {"expecting miracles", {get("/v1/things/7", "Expect: miracles\r\n")}, {400}},
  };
}

std::vector<Attack> wrong_targets() {
  return {
      {"encoded dots", {get("/v1/%2e%2e/things/7")}, {400}},
      {"plain dots", {get("/v1/../v1/things/7")}, {400}},
      {"one dot", {get("/v1/./things/7")}, {400}},
      {"dots half encoded", {get("/v1/.%2E/things/7")}, {400}},
      {"an encoded slash", {get("/v1%2fthings/7")}, {400}},
      {"an encoded NUL", {get("/v1/things/%00")}, {400}},
      {"%u", {get("/v1/things/%u0041")}, {400}},
      {"half an encoding", {get("/v1/things/%4")}, {400}},
      {"a fragment", {get("/v1/things/7#a")}, {400}},
      {"a whole address", {get("http://other.example/v1/things/7")}, {400}},
      {"an authority", {get("other.example:80")}, {400}},
      {"a star", {get("*")}, {400}},
      {"65 parameters",
       {get([] {
         std::string path = "/v1/things/7?";
         for (int at = 0; at < 65; ++at) path += "a=1&";
         return path;
       }())},
       {400}},
  };
}

}  // namespace

TEST_CASE_METHOD(AttackedServer, "S6: what is no plain HTTP/1.1 is refused", "[unit][http]") {
  for (const Attack& attack : not_understood()) check_refused(attack);
}

TEST_CASE_METHOD(AttackedServer, "S6: a path is plain or refused", "[unit][http]") {
  for (const Attack& attack : wrong_targets()) check_refused(attack);
  // Plain, and nowhere: nothing is decoded twice, and slashes are not swept together.
  for (const char* path : {"/v1/%252e%252e/things/7", "//v1/things/7", "/v1/things/7/"}) {
    CHECK(exchange(port(), get(path)).status == 404);
  }
  CHECK(runs() == 0);
}

TEST_CASE_METHOD(AttackedServer, "S6: no answer is larger than its resource", "[unit][http]") {
  const Answer plain = exchange(port(), get("/v1/things/7"));
  for (const int count : {1, 2, 100, 1900}) {
    CHECK(exchange(port(), get("/v1/things/7", ranges(count))).bytes.size() <
          plain.bytes.size() + 500);
  }
}

TEST_CASE_METHOD(AttackedServer, "S6: TRACE reflects nothing", "[unit][http]") {
  const Answer answer = exchange(port(), thing("TRACE", "Authorization: Bearer secret\r\n"));
  CHECK(answer.status == 405);
  CHECK(answer.header("allow") == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  CHECK(answer.bytes.find("secret") == std::string::npos);
}

TEST_CASE_METHOD(AttackedServer, "S6: any mutation of a request has an answer", "[unit][http]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string good = get("/v1/things/7?a=b", "X: y\r\nPrefer: wait=5\r\n");
  const std::string alphabet = "\t :;,=?&/%0aZ\"\\\x80\xff";
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (int change = 0; change < 3; ++change) {
      bytes.insert(random() % (bytes.size() - 4), 1, alphabet[random() % alphabet.size()]);
    }
    CAPTURE(bytes);
    const Answer answer = exchange(port(), bytes);
    REQUIRE(answer.status != 0);
    REQUIRE(answer.headers.contains("content-type"));
  }
}
