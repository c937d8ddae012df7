#include "http/response_bytes.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using http::AfterAnswer;
using http::Response;
using http::response_head;

namespace {

constexpr std::chrono::system_clock::time_point kNow{std::chrono::seconds{784'111'777}};

}  // namespace

TEST_CASE("an answer's head says length, type, date and what becomes of the connection",
          "[unit][http]") {
  const Response response{
      .status = 202, .content_type = "text/plain", .body = "abc", .headers = {{"Location", "/1"}}};
  const std::string head = "HTTP/1.1 202 Accepted\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  const std::string rest = "Content-Length: 3\r\nContent-Type: text/plain\r\nLocation: /1\r\n\r\n";
  CHECK(response_head(response, AfterAnswer::kKeep, kNow) == head + rest);
  CHECK(response_head(response, AfterAnswer::kClose, kNow) ==
        head + "Connection: close\r\n" + rest);
  CHECK(response_head(response, AfterAnswer::kKeepHttp1_0, kNow) ==
        head + "Connection: keep-alive\r\n" + rest);
}

TEST_CASE("an answer without a body has no length, an empty one has length 0", "[unit][http]") {
  const auto head = [](int status) {
    return response_head({.status = status, .content_type = {}, .body = {}, .headers = {}},
                         AfterAnswer::kKeep,
                         kNow);
  };
  CHECK(head(204).find("Content-Length") == std::string::npos);
  CHECK(head(304).find("Content-Length") == std::string::npos);
  CHECK(head(200).find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(head(299).starts_with("HTTP/1.1 299 \r\n"));
}
