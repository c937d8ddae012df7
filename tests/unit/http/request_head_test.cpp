#include "http/request_head.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

using http::parse_request_head;

namespace {

int status_of(const std::string& bytes) {
  const auto head = parse_request_head(bytes);
  return head ? 200 : head.error().status;
}

std::string with(const std::string& headers) {
  return "POST /v1/jobs HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

}  // namespace

TEST_CASE("a head is read as it was sent", "[unit][http]") {
  const auto head = parse_request_head(
      "POST /v1/jobs?a=%31 HTTP/1.1\r\nHost: earshot.example:8080\r\n"
      "Authorization:  Bearer a%2Eb \t\r\nPrefer: wait=5\r\nprefer: respond-async\r\nX-Empty:\r\n"
      "Content-Length: 12\r\n\r\n");
  REQUIRE(head);
  CHECK(head->method == "POST");
  CHECK(head->target == "/v1/jobs?a=%31");
  CHECK(head->headers.at("authorization") == "Bearer a%2Eb");
  CHECK(head->headers.at("prefer") == "wait=5, respond-async");
  CHECK(head->headers.at("x-empty").empty());
  CHECK(http::declared_length(head->headers) == 12);
}

TEST_CASE("a head that others may read differently is refused", "[unit][http]") {
  struct Row {
    const char* what;
    std::string bytes;
    int status;
  };
  const auto row = GENERATE(values<Row>({
      {"no request line", "\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 400},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 400},
      {"two spaces", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"space in path", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bytes in path", "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"markup in host", "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n", 400},
      {"space before colon", with("Transfer-Encoding : chunked\r\n"), 400},
      {"chunked", with("Transfer-Encoding: chunked\r\n"), 400},
      {"chunked, hidden", with("transfer-encoding: xchunked\r\nContent-Length: 1\r\n"), 400},
      {"encoded chunked", with("Transfer-Encoding: %63hunked\r\n"), 400},
      {"two lengths", with("Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
      {"length list", with("Content-Length: 1, 1\r\n"), 400},
      {"encoded length", with("Content-Length: %33\r\n"), 400},
      {"negative length", with("Content-Length: -1\r\n"), 400},
      {"plus length", with("Content-Length: +1\r\n"), 400},
      {"hex length", with("Content-Length: 0x3\r\n"), 400},
      {"length with letters", with("Content-Length: 3abc\r\n"), 400},
      {"empty length", with("Content-Length:\r\n"), 400},
      {"gzip", with("Content-Encoding: gzip\r\n"), 415},
      {"range", with("Range: bytes=0-1\r\n"), 400},
      {"folded line", with("X: a\r\n b\r\n"), 400},
      {"no colon", with("nonsense\r\n"), 400},
      {"no name", with(": a\r\n"), 400},
      {"LF in value", with("X: a\nInjected: 1\r\n"), 400},
      {"CR in value", with("X: a\rInjected: 1\r\n"), 400},
      {"NUL in value", with(std::string{"X: a\0b\r\n", 8}), 400},
      {"DEL in value", with("X: \x7f\r\n"), 400},
      {"two content types", with("Content-Type: a\r\nContent-Type: b\r\n"), 400},
      {"two keys", with("Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), 400},
      {"unknown expectation", with("Expect: miracles\r\n"), 400},
      {"no end", "GET / HTTP/1.1\r\nHost: a\r\n", 400},
      {"more after the end", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400},
  }));
  CAPTURE(row.what);
  CHECK(status_of(row.bytes) == row.status);
}

TEST_CASE("a head is bounded in lines, in each line and in its path", "[unit][http]") {
  const auto headers = [](int count) {
    std::string lines;
    for (int at = 1; at < count; ++at) lines += "X-" + std::to_string(at) + ": 1\r\n";  // + Host
    return with(lines);
  };
  CHECK(status_of(headers(64)) == 200);
  CHECK(status_of(headers(65)) == 431);

  const auto line = [](std::size_t size) {
    return with("X: " + std::string(size - 3, 'a') + "\r\n");
  };
  CHECK(status_of(line(8000)) == 200);
  CHECK(status_of(line(8001)) == 431);

  const auto path = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(status_of(path(8000)) == 200);
  CHECK(status_of(path(8001)) == 414);
}

TEST_CASE("a length beyond every number is the largest number", "[unit][http]") {
  const auto head = parse_request_head(with("Content-Length: 99999999999999999999999\r\n"));
  REQUIRE(head);
  CHECK(http::declared_length(head->headers) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("the Connection header is a list of words", "[unit][http]") {
  const auto has = [](const std::string& value, const char* word) {
    const auto head = parse_request_head(with("Connection: " + value + "\r\n"));
    return http::has_connection_option(head->headers, word);
  };
  CHECK(has("close", "close"));
  CHECK(has("CLOSE", "close"));
  CHECK(has("keep-alive , Close", "close"));
  CHECK(has("a,,keep-alive", "keep-alive"));
  CHECK_FALSE(has("closed", "close"));
  CHECK_FALSE(has("", "close"));
}

TEST_CASE("no mutation of a head crashes the parser or smuggles a length", "[unit][http]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string good = "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\n";
  const std::string alphabet = std::string{"\0\r\n\t :,0aZ%\x7f\xff", 14};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (int change = 0; change < 3; ++change) {
      const char letter = alphabet[random() % alphabet.size()];
      const std::size_t at = random() % bytes.size();
      if (random() % 2 == 0) {
        bytes[at] = letter;
      } else {
        bytes.insert(at, 1, letter);
      }
    }
    const auto head = parse_request_head(bytes);
    if (!head) continue;
    CAPTURE(bytes);
    REQUIRE_FALSE(head->headers.contains("transfer-encoding"));
    REQUIRE(head->headers.contains("host"));
    for (const auto& [name, value] : head->headers) {
      REQUIRE(name.find_first_of(" \t\r\n\0") == std::string::npos);
      REQUIRE(value.find_first_of(std::string{"\r\n\0", 3}) == std::string::npos);
    }
  }
}
