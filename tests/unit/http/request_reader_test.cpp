#include "http/request_reader.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using http::HeadLimits;
using http::HeadScanner;
using http::RequestReader;

namespace {

/// 0: a head was found; 100: more bytes could make one; else the status of the refusal.
int scan(const std::string& bytes, const HeadLimits& limits = {}) {
  HeadScanner scanner{limits};
  const auto end = scanner.scan(bytes);
  if (!end) return end.error().status;
  return *end ? 0 : 100;
}

const std::string kHost = "Host: a\r\n";

}  // namespace

TEST_CASE("a beginning is given up as soon as nothing can save it", "[unit][http]") {
  CHECK(scan("") == 100);
  CHECK(scan("GET / HT") == 100);
  CHECK(scan("GET / HTTP/1.1\r") == 100);
  CHECK(scan("GET / HTTP/1.1\r\nHost: a\tb") == 100);
  CHECK(scan("GET / HTTP/1.1\r\n\r\n") == 0);
  CHECK(scan("\r\n") == 400);
  CHECK(scan("\n") == 400);
  CHECK(scan("GET / HTTP/1.1\n") == 400);
  CHECK(scan("GET / HTTP/1.1\rX") == 400);
  CHECK(scan("\x16\x03\x01") == 400);  // TLS.
  CHECK(scan(std::string{"GET /\0", 6}) == 400);
}

TEST_CASE("a head is measured while it arrives", "[unit][http]") {
  const std::string begin = "GET / HTTP/1.1\r\n";
  CHECK(scan(begin + "X: " + std::string(7997, 'a')) == 100);
  CHECK(scan(begin + "X: " + std::string(7997, 'a') + "\r\n") == 100);
  CHECK(scan(begin + "X: " + std::string(7999, 'a')) == 431);
  CHECK(scan("GET /" + std::string(7999, 'a') + " HTTP/1.1\r\n") == 100);
  CHECK(scan(std::string(8033, 'A')) == 414);

  std::string lines;
  for (int count = 0; count < 64; ++count) lines += "X: 1\r\n";
  CHECK(scan(begin + lines) == 100);
  CHECK(scan(begin + lines + "\r\n") == 0);
  CHECK(scan(begin + lines + "X: 1\r\n") == 431);

  std::string long_lines;
  for (int count = 0; count < 5; ++count) long_lines += "X: " + std::string(7000, 'a') + "\r\n";
  CHECK(scan(begin + long_lines) == 431);
}

TEST_CASE("requests are cut from a stream wherever it is split", "[unit][http]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string one = "POST /1 HTTP/1.1\r\n" + kHost + "Content-Length: 6\r\n\r\n\r\n\r\n{}";
  const std::string two = "GET /2 HTTP/1.1\r\n" + kHost + "\r\n";
  const std::string stream = one + two + one + two;
  for (int round = 0; round < 300; ++round) {
    RequestReader reader{{}};
    std::vector<std::string> seen;
    bool is_in_body = false;
    std::size_t at = 0;
    while (at < stream.size() || reader.bytes_held() > 0) {
      const std::size_t size = std::min(stream.size() - at, 1 + random() % 20);
      reader.add(stream.substr(at, size));
      at += size;
      while (true) {
        if (!is_in_body) {
          const auto head = reader.next_head();
          REQUIRE(head);
          if (!*head) break;
          seen.push_back((*head)->target);
          reader.expect_body(http::declared_length((*head)->headers).value_or(0));
          is_in_body = true;
        }
        if (!reader.is_body_whole()) break;
        seen.push_back(reader.take_body());
        is_in_body = false;
      }
    }
    REQUIRE(seen ==
            std::vector<std::string>{"/1", "\r\n\r\n{}", "/2", "", "/1", "\r\n\r\n{}", "/2", ""});
  }
}
